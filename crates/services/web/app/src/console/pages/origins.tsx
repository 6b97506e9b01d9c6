// The origins: their memory, and the windows that viewers are served from.
import type { OriginStatus, WindowHealth } from "../../shared/wire";
import { isSilent } from "../../shared/wire";
import { bitrate, bytes, duration, percent } from "../format";
import { fleet } from "../live";
import { Bar, Empty, Fresh, Lamp, Silent } from "../parts";
import { Who } from "./who";

export function OriginsPage() {
  return (
    <>
      <h1>Origins</h1>
      <Fresh source={fleet.origins}>
        {(peers) =>
          peers.length === 0 ? (
            <Empty>No origin is known to the channels service.</Empty>
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

function Host({ peer }: { peer: OriginStatus }) {
  const share = peer.max_bytes === 0 ? 0 : peer.bytes / peer.max_bytes;
  // Windows side by side: the longest one is the measure.
  const longest = Math.max(...peer.channels.map((window) => window.seconds), 1);
  return (
    <section class="card">
      <h2>{peer.host}</h2>
      <p class="gauge">
        <Bar share={share} label="Memory in use" />
        <span>
          <strong>{percent(share)}</strong> of its memory: {bytes(peer.bytes)} of {bytes(peer.max_bytes)}
        </span>
      </p>
      {peer.channels.length === 0 ? (
        <Empty>It has no segments.</Empty>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th>Channel</th>
              <th>State</th>
              <th>Window</th>
              <th>Renditions, measured</th>
            </tr>
          </thead>
          <tbody>
            {peer.channels.map((window) => (
              <Row key={window.channel} window={window} longest={longest} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ window, longest }: { window: WindowHealth; longest: number }) {
  return (
    <tr>
      <td>
        <Who id={window.channel} />
      </td>
      <td>
        <Lamp tone={window.on_air ? "good" : "bad"}>{window.on_air ? "on air" : "off air"}</Lamp>
      </td>
      <td>
        <Bar
          share={window.seconds / longest}
          tone={window.on_air ? "good" : "bad"}
          label="Length of the window"
        />
        <span class="below number">
          {duration(window.seconds)}{" "}
          <span class="quiet">
            #{window.first} to #{window.last}
          </span>
        </span>
      </td>
      <td class="wide">
        <table class="renditions">
          <tbody>
            {window.renditions.map((rendition) => (
              <tr key={rendition.name}>
                <th scope="row">{rendition.name}</th>
                <td>{rendition.description}</td>
                <td>
                  <code>{rendition.codecs}</code>
                </td>
                <td class="right number">{bitrate(rendition.average_bandwidth)}</td>
                <td class="right number quiet">peak {bitrate(rendition.bandwidth)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </td>
    </tr>
  );
}
