// What the household watches right now, on which device.
import type { Devices, Running } from "../../shared/household";
import { who } from "../../shared/session/session";
import { Tile } from "../../shared/tile";
import type { LineUp } from "../../shared/wire";
import { useLoaded } from "../load";
import { Heading, Problem, Spinner } from "../parts";
import { timeOf, words } from "../words";

const EVERY_MS = 5_000;

export function RunningPage() {
  const list = useLoaded<Running[]>("/api/v1/me/sessions", EVERY_MS);
  const devices = useLoaded<Devices>("/api/v1/me/devices");
  const lineUp = useLoaded<LineUp>("/api/v1/channels");
  const { running } = words;
  return (
    <>
      <Heading>{running.title}</Heading>
      <Problem>{list.problem}</Problem>
      {list.value === null && list.problem === null && <Spinner />}
      {list.value?.length === 0 && <p class="quiet">{running.nothing}</p>}
      <ul class="rows">
        {list.value?.map((session) => {
          const channel = lineUp.value?.channels.find(({ id }) => id === session.channel);
          const isHere = session.device === who.value?.device;
          const place = isHere
            ? running.here
            : devices.value?.devices.find(({ id }) => id === session.device)?.name;
          return (
            <li class="rows__row" key={session.session}>
              <Tile
                id={session.channel}
                name={channel?.name ?? session.channel}
                logo={channel?.logo_url ?? null}
              />
              <span class="rows__text">
                <strong>{channel?.name ?? session.channel}</strong>
                <small>
                  {[place, running.since(timeOf(session.started_at))].filter(Boolean).join(" · ")}
                </small>
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
