// What is logged in: names, when it was used last, and the ways to get rid of it.
import { useState } from "preact/hooks";
import type { Device, Devices } from "../../shared/household";
import { ask, logOut, who } from "../../shared/session/session";
import { useLoaded } from "../load";
import { Field, Form, Heading, Problem, Spinner, textIn, useAction } from "../parts";
import { go } from "../route";
import { timeOf, words } from "../words";
import { Cancel, Card } from "./account";
import { Players } from "./players";

const DEVICES = "/api/v1/me/devices";

const isThis = (device: Device) => device.id === who.value?.device;

export function DevicesPage() {
  const list = useLoaded<Devices>(DEVICES);
  const { devices } = words;
  // This one first, then what was used last.
  const order = [...(list.value?.devices ?? [])].sort(
    (a, b) => Number(isThis(b)) - Number(isThis(a)) || b.seen_at.localeCompare(a.seen_at),
  );
  return (
    <>
      <Heading>{devices.title}</Heading>
      <Problem>{list.problem}</Problem>
      {list.value === null && list.problem === null && <Spinner />}
      <ul class="rows">
        {order.map((device) => (
          <Row key={device.id} device={device} changed={list.again} />
        ))}
      </ul>
      {list.value !== null && (
        <p class="quiet">{devices.limit(list.value.devices.length, list.value.limit)}</p>
      )}
      <Card title={devices.pair}>
        <p>{devices.pairText}</p>
        <p>
          <code>{`${location.origin}/tv`}</code>
        </p>
        <a class="button button--plain" href="/pair">
          {words.pair.title}
        </a>
      </Card>
      <Players changed={list.again} />
      <Out />
    </>
  );
}

function Row({ device, changed }: { device: Device; changed: () => Promise<void> }) {
  const action = useAction();
  const [open, setOpen] = useState<"none" | "rename" | "remove">("none");
  const close = () => setOpen("none");
  const path = `${DEVICES}/${encodeURIComponent(device.id)}`;
  const { devices } = words;
  const rename = async (fields: FormData) => {
    await ask(path, { method: "PATCH", json: { name: textIn(fields, "name").trim() } });
    await changed();
    close();
  };
  const remove = async () => {
    await ask(path, { method: "DELETE" });
    await changed();
  };
  return (
    <li class="rows__row" data-testid={isThis(device) ? "this-device" : undefined}>
      {open === "none" && (
        <>
          <span class="rows__text">
            <strong>{device.name}</strong>
            <small>
              {isThis(device) && <span class="tag">{devices.thisOne}</span>}
              {device.kind === "player" && <span class="tag">{words.players.tag}</span>}
              {devices.lastSeen(timeOf(device.seen_at))}
            </small>
          </span>
          <button
            type="button"
            class="button button--plain"
            aria-label={`${devices.rename}: ${device.name}`}
            onClick={() => setOpen("rename")}
          >
            {devices.rename}
          </button>
          {!isThis(device) && (
            <button
              type="button"
              class="button button--danger"
              aria-label={`${devices.remove}: ${device.name}`}
              onClick={() => setOpen("remove")}
            >
              {devices.remove}
            </button>
          )}
        </>
      )}
      {open === "rename" && (
        <Form
          action={action}
          submit={words.save}
          onSubmit={rename}
          class="form--inline"
          more={<Cancel onClick={close} />}
        >
          <Field label={devices.name} name="name" value={device.name} maxLength={100} focus />
        </Form>
      )}
      {open === "remove" && (
        <fieldset class="ask">
          <legend>
            {device.kind === "player"
              ? words.players.removeText(device.name)
              : devices.removeText(device.name)}
          </legend>
          <button
            type="button"
            class="button button--danger"
            disabled={action.isBusy}
            onClick={() => void action.run(remove)}
          >
            {devices.remove}
          </button>
          <button type="button" class="button button--plain" onClick={close}>
            {devices.keep}
          </button>
          <Problem>{action.problem}</Problem>
        </fieldset>
      )}
    </li>
  );
}

function Out() {
  const action = useAction();
  const { devices } = words;
  const leave = (everywhere: boolean) =>
    void action.run(() => logOut(everywhere)).then((isOut) => isOut && go("/"));
  return (
    <Card title={words.nav.logOut}>
      <p class="line">
        <button
          type="button"
          class="button button--plain"
          disabled={action.isBusy}
          onClick={() => leave(false)}
        >
          {devices.logOutHere}
        </button>
        <button
          type="button"
          class="button button--danger"
          disabled={action.isBusy}
          onClick={() => leave(true)}
        >
          {devices.logOutEverywhere}
        </button>
      </p>
      <p class="quiet">{devices.everywhereText}</p>
      <Problem>{action.problem}</Problem>
    </Card>
  );
}
