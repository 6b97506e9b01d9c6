// Every input of every channel, and how healthy it is.
import type { InputHealth, InputState } from "../../shared/wire";
import { isSilent } from "../../shared/wire";
import { ago, bitrate, count, milliseconds } from "../format";
import { bitrates, continuityErrors, fleet, inputKey, now } from "../live";
import { Chips, Empty, Fresh, Lamp, Problem, Silent, Sparkline } from "../parts";
import type { Tone } from "../picture";
import { Who } from "./who";

const STATES: Record<InputState, { tone: Tone; label: string }> = {
  active: { tone: "good", label: "active" },
  standby: { tone: "off", label: "standby" },
  recovering: { tone: "warn", label: "recovering" },
  down: { tone: "bad", label: "down" },
};

export function InputsPage() {
  return (
    <>
      <h1>Inputs</h1>
      <Fresh source={fleet.inputs}>
        {(peers) =>
          peers.length === 0 ? (
            <Empty>No ingest service is known to the channels service.</Empty>
          ) : (
            peers.map((peer) =>
              isSilent(peer) ? (
                <Silent key={peer.host} {...peer} />
              ) : (
                <section class="card" key={peer.host}>
                  <h2>{peer.host}</h2>
                  <Inputs host={peer.host} inputs={peer.inputs} />
                </section>
              ),
            )
          )
        }
      </Fresh>
    </>
  );
}

function Inputs({ host, inputs }: { host: string; inputs: InputHealth[] }) {
  if (inputs.length === 0) return <Empty>It receives nothing.</Empty>;
  return (
    <table class="table">
      <thead>
        <tr>
          <th>Channel</th>
          <th>State</th>
          <th>Bit rate</th>
          <th class="right" title="Continuity counter errors since start, TR 101 290 1.4">
            CC errors
          </th>
          <th class="right" title="Packets with the transport error indicator or out of sync, since start">
            TS errors
          </th>
          <th class="right" title="Greatest deviation of the PCR’s arrival in the last seconds">
            PCR jitter
          </th>
          <th>Last picture</th>
          <th>Content</th>
        </tr>
      </thead>
      <tbody>
        {inputs.map((input) => (
          <Row key={`${input.channel}/${input.preference}`} host={host} input={input} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ host, input }: { host: string; input: InputHealth }) {
  const { tone, label } = STATES[input.state];
  const key = inputKey(host, input.channel, input.preference);
  const grown = continuityErrors.growth(key);
  return (
    <tr>
      <td>
        <Who id={input.channel} />
        <span class="below">
          <span class="rank" title="Place in the order of preference">
            {input.preference + 1}
          </span>
          <code>{input.url}</code>
        </span>
      </td>
      <td>
        <Lamp tone={tone}>{label}</Lamp>
      </td>
      <td>
        <Sparkline values={bitrates.of(key)} tone={tone} label="Bit rate over the last minutes" />
        <span class="below number">{bitrate(input.bitrate)}</span>
      </td>
      <td class="right number">
        {count(input.continuity_errors)}
        {grown > 0 && <span class="below is-warn">+{count(grown)}</span>}
      </td>
      <td class="right number">{count(input.transport_errors)}</td>
      <td class={`right number ${input.pcr_jitter_ms > 30 ? "is-warn" : ""}`}>
        {milliseconds(input.pcr_jitter_ms)}
      </td>
      <td class="number">{ago(input.last_picture_at, now.value)}</td>
      <td class="wide">
        {input.programme !== null && <span class="quiet">{input.programme}</span>}
        <Chips of={input.tracks} />
        {input.epochs > 1 && (
          <span class="below quiet">
            {count(input.epochs - 1)} {input.epochs === 2 ? "break" : "breaks"}
            {input.last_break !== null && `, last: ${input.last_break}`}
          </span>
        )}
        {input.problem !== null && <Problem>{input.problem}</Problem>}
      </td>
    </tr>
  );
}
