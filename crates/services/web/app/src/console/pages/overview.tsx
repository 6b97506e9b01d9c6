// Everything at a glance: every channel from its input to the window that viewers are served from.
import type { ComponentChildren } from "preact";
import { Tile } from "../../shared/tile";
import { isSilent } from "../../shared/wire";
import { bitrate, bytes, count, duration, milliseconds, percent } from "../format";
import { bitrates, continuityErrors, delays, fleet, inputKey, round, viewers } from "../live";
import { Bar, Empty, Fresh, Lamp, Problem, Sparkline } from "../parts";
import { type ChannelPicture, type Fleet, pictures, silentPeers } from "../picture";

// When the whole headend is gone, the table below tells it better than fifty sentences.
const MOST_TROUBLES = 6;

export function Overview() {
  return (
    <>
      <h1>Overview</h1>
      <Fresh source={fleet.channels}>
        {({ channels }) => {
          const all: Fleet = {
            channels,
            inputs: fleet.inputs.value.value ?? [],
            transcoders: fleet.transcoders.value.value ?? [],
            origins: fleet.origins.value.value ?? [],
            sessions: fleet.sessions.value.value ?? [],
          };
          // Until all have answered, what is missing would look like what is broken.
          const isKnown = [fleet.inputs, fleet.transcoders, fleet.origins].every(({ at }) => at.value > 0);
          if (!isKnown) return <Empty>One moment …</Empty>;
          const rows = pictures(all);
          return (
            <>
              <Figures fleet={all} rows={rows} />
              <Troubles fleet={all} rows={rows} />
              <Chains rows={rows} />
            </>
          );
        }}
      </Fresh>
    </>
  );
}

function Figures({ fleet: all, rows }: { fleet: Fleet; rows: ChannelPicture[] }) {
  const wanted = rows.filter(({ channel }) => channel.enabled);
  const onAir = wanted.filter(({ window }) => window.tone === "good" || window.tone === "warn").length;
  const working = all.transcoders.flatMap((peer) => (isSilent(peer) ? [] : [peer]));
  const origins = all.origins.flatMap((peer) => (isSilent(peer) ? [] : [peer]));
  const capacity = sum(working.map((peer) => peer.capacity));
  const used = sum(working.map((peer) => peer.used));
  const memory = sum(origins.map((peer) => peer.bytes));
  const room = sum(origins.map((peer) => peer.max_bytes));
  const receiving = all.inputs.flatMap((peer) => (isSilent(peer) ? [] : peer.inputs));
  const received = sum(receiving.map((input) => input.bitrate));
  return (
    <section class="figures" aria-label="Figures">
      <Figure title="Channels on air" value={`${onAir}`} of={`of ${wanted.length}`}>
        <Bar
          share={wanted.length === 0 ? 0 : onAir / wanted.length}
          tone={onAir < wanted.length ? "bad" : "good"}
          label="Channels on air"
        />
      </Figure>
      <Figure title="Received" value={bitrate(received)}>
        <span class="quiet">
          {count(receiving.filter(({ state }) => state !== "down").length)} inputs deliver
        </span>
      </Figure>
      <Figure title="Transcoders" value={capacity === 0 ? "–" : percent(used / capacity)} of="in use">
        <Bar share={capacity === 0 ? 0 : used / capacity} label="Transcoder capacity in use" />
      </Figure>
      <Figure title="Origin memory" value={bytes(memory)} of={`of ${bytes(room)}`}>
        <Bar share={room === 0 ? 0 : memory / room} tone="good" label="Origin memory in use" />
      </Figure>
      <Figure title="Watching now" value={count(all.sessions.length)}>
        <Sparkline values={viewers.of("")} label={`Sessions over the last minutes, round ${round.value}`} />
      </Figure>
    </section>
  );
}

function Figure(props: { title: string; value: string; of?: string; children: ComponentChildren }) {
  return (
    <div class="figure">
      <span class="figure__title">{props.title}</span>
      <span class="figure__value">
        {props.value} {props.of && <small>{props.of}</small>}
      </span>
      {props.children}
    </div>
  );
}

function Troubles({ fleet: all, rows }: { fleet: Fleet; rows: ChannelPicture[] }) {
  const silent = silentPeers(all);
  const troubled = rows.filter(({ problems }) => problems.length > 0);
  if (silent.length + troubled.length === 0) return null;
  return (
    <section class="troubles" aria-label="Problems">
      {silent.map(({ host, problem }) => (
        <Problem key={host}>
          <strong>{host}</strong> {problem}
        </Problem>
      ))}
      {troubled.slice(0, MOST_TROUBLES).map(({ channel, problems }) => (
        <Problem key={channel.id}>
          <strong>{channel.name}</strong> {problems.join(" · ")}
        </Problem>
      ))}
      {troubled.length > MOST_TROUBLES && (
        <Problem>
          <strong>{count(troubled.length - MOST_TROUBLES)} more channels</strong> have problems: see below.
        </Problem>
      )}
    </section>
  );
}

function Chains({ rows }: { rows: ChannelPicture[] }) {
  if (rows.length === 0) {
    return (
      <Empty>
        No channels yet. <a href="#/channels">Add the first one</a>, or import a line-up from an M3U file.
      </Empty>
    );
  }
  return (
    <table class="table chains">
      <thead>
        <tr>
          <th>Channel</th>
          <th>Input</th>
          <th>Transcoder</th>
          <th>Window</th>
          <th class="right">Watching</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Chain key={row.channel.id} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Chain({ row }: { row: ChannelPicture }) {
  const { channel, input, transcode, window } = row;
  return (
    <tr class={channel.enabled ? `tone--${row.tone}` : "is-off"}>
      <td>
        <span class="who">
          <Tile id={channel.id} name={channel.name} logo={channel.logo_url} />
          <span class="who__number">{channel.number}</span>
          <span class="who__name">{channel.name}</span>
        </span>
      </td>
      <td>
        <Lamp tone={input.tone}>{input.label}</Lamp>
        <InputFigures row={row} />
      </td>
      <td>
        <Lamp tone={transcode.tone}>{transcode.label}</Lamp>
        <TranscodeFigures row={row} />
      </td>
      <td>
        <Lamp tone={window.tone}>{window.label}</Lamp>
        <WindowFigures row={row} />
      </td>
      <td class="right number">{channel.enabled ? count(row.viewers) : ""}</td>
    </tr>
  );
}

function InputFigures({ row }: { row: ChannelPicture }) {
  const shown = row.input.on.find(({ health }) => health.state === "active");
  if (shown === undefined) return null;
  const { host, health } = shown;
  const key = inputKey(host, health.channel, health.preference);
  const errors = continuityErrors.growth(key);
  return (
    <span class="figures-line">
      <Sparkline values={bitrates.of(key)} label="Bit rate over the last minutes" />
      <span class="number">{bitrate(health.bitrate)}</span>
      {errors > 0 && (
        <span class="number is-warn" title="Continuity errors in the last minutes">
          +{count(errors)} CC
        </span>
      )}
    </span>
  );
}

function TranscodeFigures({ row }: { row: ChannelPicture }) {
  const [first] = row.transcode.on;
  if (first === undefined || !row.channel.enabled) return null;
  const { host, health } = first;
  return (
    <span class="figures-line">
      <Sparkline values={delays.of(`${host}/${health.channel}`)} label="Delay of the last segments" />
      <span class="number" title="From the last picture on the wire to the finished segment">
        {health.delay_ms === null ? "–" : milliseconds(health.delay_ms)}
      </span>
    </span>
  );
}

function WindowFigures({ row }: { row: ChannelPicture }) {
  if (row.window.on.length === 0 || !row.channel.enabled) return null;
  const seconds = Math.max(...row.window.on.map(({ health }) => health.seconds));
  return (
    <span class="figures-line">
      <span class="number">{duration(seconds)}</span>
      <span class="quiet">#{Math.max(...row.window.on.map(({ health }) => health.last))}</span>
    </span>
  );
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
