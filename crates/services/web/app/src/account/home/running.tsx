// What the household watches right now, on which device; each can be ended from here.
import type { Device, Devices, Running } from "../../shared/household";
import { ask, who } from "../../shared/session/session";
import { Tile } from "../../shared/tile";
import type { LineUp, LineUpEntry } from "../../shared/wire";
import { useLoaded } from "../load";
import { Heading, Problem, Spinner, useAction } from "../parts";
import { timeOf, words } from "../words";

const SESSIONS = "/api/v1/me/sessions";
const EVERY_MS = 5_000;

export function RunningPage() {
  const list = useLoaded<Running[]>(SESSIONS, EVERY_MS);
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
        {list.value?.map((session) => (
          <Row
            key={session.session}
            session={session}
            channel={lineUp.value?.channels.find(({ id }) => id === session.channel)}
            device={devices.value?.devices.find(({ id }) => id === session.device)}
            changed={list.again}
          />
        ))}
      </ul>
    </>
  );
}

function Row(props: {
  session: Running;
  channel: LineUpEntry | undefined;
  device: Device | undefined;
  changed: () => Promise<void>;
}) {
  const { session, channel, device } = props;
  const action = useAction();
  const { running } = words;
  const name = channel?.name ?? session.channel;
  const place = session.device === who.value?.device ? running.here : device?.name;
  const end = async () => {
    await ask(`${SESSIONS}/${encodeURIComponent(session.session)}`, { method: "DELETE" });
    await props.changed();
  };
  return (
    <li class="rows__row">
      <Tile id={session.channel} name={name} logo={channel?.logo_url ?? null} />
      <span class="rows__text">
        <strong>{name}</strong>
        <small>{[place, running.since(timeOf(session.started_at))].filter(Boolean).join(" · ")}</small>
      </span>
      <button
        type="button"
        class="button button--plain"
        aria-label={`${running.end}: ${name}`}
        disabled={action.isBusy}
        onClick={() => void action.run(end)}
      >
        {running.end}
      </button>
      <Problem>{action.problem}</Problem>
    </li>
  );
}
