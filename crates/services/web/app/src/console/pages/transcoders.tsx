// The transcoders: how full they are, and what each makes of its channels.
import type { TranscodeHealth, TranscodeStatus } from "../../shared/wire";
import { isSilent } from "../../shared/wire";
import { count, milliseconds, percent } from "../format";
import { delays, fleet } from "../live";
import { Bar, Chips, Empty, Fresh, Problem, Silent, Sparkline } from "../parts";
import { Who } from "./who";

export function TranscodersPage() {
  return (
    <>
      <h1>Transcoders</h1>
      <Fresh source={fleet.transcoders}>
        {(peers) =>
          peers.length === 0 ? (
            <Empty>No transcode service is known to the channels service.</Empty>
          ) : (
            peers.map((peer) =>
              isSilent(peer) ? <Silent key={peer.host} {...peer} /> : <Host key={peer.host} peer={peer} />,
            )
          )
        }
      </Fresh>
    </>
  );
}

function Host({ peer }: { peer: TranscodeStatus }) {
  const share = peer.capacity === 0 ? 0 : peer.used / peer.capacity;
  return (
    <section class="card">
      <h2>{peer.host}</h2>
      <p class="gauge" title="100 = one ladder from 1080p25">
        <Bar share={share} label="Capacity in use" />
        <span>
          <strong>{percent(share)}</strong> of its capacity: {count(peer.used)} of {count(peer.capacity)}
        </span>
      </p>
      {peer.channels.length === 0 ? (
        <Empty>It has nothing to do.</Empty>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th>Channel</th>
              <th>Worker</th>
              <th title="From the last picture on the wire to the finished segment">Delay</th>
              <th class="right">Last segment</th>
              <th class="right" title="Pictures left out because they were damaged">
                Left out
              </th>
              <th>Renditions</th>
            </tr>
          </thead>
          <tbody>
            {peer.channels.map((health) => (
              <Row key={health.channel} host={peer.host} health={health} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ host, health }: { host: string; health: TranscodeHealth }) {
  return (
    <tr>
      <td>
        <Who id={health.channel} />
      </td>
      <td class="number">
        {health.worker === null ? <span class="quiet">passthrough</span> : `pid ${health.worker}`}
        {health.restarts > 0 && (
          <span class="below is-warn">
            {count(health.restarts)} {health.restarts === 1 ? "restart" : "restarts"}
          </span>
        )}
      </td>
      <td>
        <Sparkline values={delays.of(`${host}/${health.channel}`)} label="Delay of the last segments" />
        <span class="below number">{health.delay_ms === null ? "–" : milliseconds(health.delay_ms)}</span>
      </td>
      <td class="right number">{health.last_segment ?? "–"}</td>
      <td class={`right number ${health.dropped > 0 ? "is-warn" : ""}`}>{count(health.dropped)}</td>
      <td class="wide">
        <Chips of={health.renditions} />
        {health.problem !== null && <Problem>{health.problem}</Problem>}
      </td>
    </tr>
  );
}
