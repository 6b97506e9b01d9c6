// Who watches what, right now.
import type { RunningSession } from "../../shared/wire";
import { count, duration } from "../format";
import { fleet, now } from "../live";
import { Bar, Empty, Fresh } from "../parts";
import { Who } from "./who";

// Beyond this many the newest ones stand for all.
const MOST_ROWS = 200;

export function SessionsPage() {
  return (
    <>
      <h1>Sessions</h1>
      <Fresh source={fleet.sessions}>
        {(sessions) =>
          sessions.length === 0 ? (
            <Empty>Nobody is watching at the moment.</Empty>
          ) : (
            <>
              <ByChannel sessions={sessions} />
              <Newest sessions={sessions} />
            </>
          )
        }
      </Fresh>
    </>
  );
}

function ByChannel({ sessions }: { sessions: RunningSession[] }) {
  const counts = new Map<string, number>();
  for (const { channel } of sessions) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  const order = [...counts].sort(([, a], [, b]) => b - a);
  const most = order[0]?.[1] ?? 1;
  return (
    <section class="card">
      <h2>{count(sessions.length)} watching</h2>
      <div class="ranking">
        {order.map(([channel, n]) => (
          <div class="ranking__row" key={channel}>
            <Who id={channel} />
            <Bar share={n / most} tone="good" label="Sessions, against the channel with the most" />
            <span class="number">{count(n)}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

function Newest({ sessions }: { sessions: RunningSession[] }) {
  const newest = [...sessions].sort((a, b) => b.started_at.localeCompare(a.started_at)).slice(0, MOST_ROWS);
  return (
    <section class="card">
      <h2>Newest first</h2>
      <table class="table">
        <thead>
          <tr>
            <th>Channel</th>
            <th>For</th>
            <th>Session</th>
          </tr>
        </thead>
        <tbody>
          {newest.map(({ session, channel, started_at }) => (
            <tr key={session}>
              <td>
                <Who id={channel} />
              </td>
              <td class="number">{duration((now.value - Date.parse(started_at)) / 1000)}</td>
              <td>
                <code>{session}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sessions.length > MOST_ROWS && <Empty>And {count(sessions.length - MOST_ROWS)} more.</Empty>}
    </section>
  );
}
