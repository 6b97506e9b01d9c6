// One household: who it is, what it has, what it watches, and the ways to lock it, to help it and to delete it.
import { useState } from "preact/hooks";
import type { Subscriptions } from "../../shared/household";
import type { Household } from "../../shared/operators";
import { useAsked, useDeed } from "../asked";
import { Dialog } from "../channels/dialog";
import { duration, instant } from "../format";
import { fleet, now } from "../live";
import { ask } from "../operator";
import { Who } from "../pages/who";
import { Empty, Lamp, Problem } from "../parts";
import { Explain } from "./explain";
import { State } from "./page";

export function Details({ id, close }: { id: string; close: () => void }) {
  const path = `/admin/v1/households/${encodeURIComponent(id)}`;
  const household = useAsked<Household>(path);
  return (
    <Dialog title={household.value?.email ?? "Household"} wide close={close}>
      {household.problem !== null && <Problem>{household.problem}</Problem>}
      {household.value !== null && (
        <div class="form">
          <Facts household={household.value} />
          <Subscribed id={id} />
          <Watching id={id} />
          <Explain household={id} />
          <Deeds household={household.value} path={path} changed={household.again} close={close} />
        </div>
      )}
    </Dialog>
  );
}

function Facts({ household }: { household: Household }) {
  const { consents, devices = [], profiles = [] } = household;
  const agreed = [
    consents.marketing && "marketing",
    consents.personalised_ads && "personalised advertisements",
  ];
  const facts: [string, string][] = [
    ["Household", household.id],
    ["Since", instant(household.created_at)],
    ["Language, country", `${household.language}, ${household.country}`],
    ["Agreed to", agreed.filter((name) => name !== false).join(", ") || "nothing but the terms"],
    ["Profiles", profiles.map(({ name, child }) => (child ? `${name} (child)` : name)).join(", ")],
    ["PIN", household.has_pin ? "set" : "none"],
    ["Log-in", household.has_password ? "password" : "identity provider only"],
    ["Devices", devices.map(({ name, seen_at }) => `${name} (${instant(seen_at)})`).join(", ") || "none"],
  ];
  return (
    <section>
      <p>
        <State household={household} />
      </p>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const TONES = { trial: "good", active: "good", paused: "warn", ends_at: "warn", ended: "off" } as const;

function Subscribed({ id }: { id: string }) {
  const subscribed = useAsked<Subscriptions>(`/admin/v1/subscriptions/${encodeURIComponent(id)}`);
  const { value, problem } = subscribed;
  return (
    <section>
      <h3>Packages</h3>
      {problem !== null && <Problem>{problem}</Problem>}
      {value?.subscriptions.length === 0 && <Empty>None.</Empty>}
      {value?.subscriptions.map(({ id: key, package: name, plan, state, since, trial_ends, ends_at }) => (
        <p class="line" key={key}>
          <Lamp tone={TONES[state]}>{state.replace("_", " ")}</Lamp>
          <strong>{name}</strong>
          <span class="quiet">
            {plan ?? "given"}, since {instant(since)}
            {trial_ends && `, trial until ${instant(trial_ends)}`}
            {ends_at && `, until ${instant(ends_at)}`}
          </span>
        </p>
      ))}
      {value !== null && value.history.length > 0 && (
        <details>
          <summary>What happened</summary>
          {value.history.map(({ subscription, package: name, at, who, to, why }) => (
            <p class="line" key={`${subscription} ${at} ${to}`}>
              <span class="number quiet">{instant(at)}</span>
              <span>
                {name}: {to.replace("_", " ")}
              </span>
              <span class="quiet">
                {who}: {why}
              </span>
            </p>
          ))}
        </details>
      )}
    </section>
  );
}

function Watching({ id }: { id: string }) {
  const own = (fleet.sessions.value.value ?? []).filter(({ household }) => household === id);
  return (
    <section>
      <h3>Watching now</h3>
      {own.length === 0 && <Empty>Nothing.</Empty>}
      {own.map(({ session, channel, started_at }) => (
        <p class="line" key={session}>
          <Who id={channel} />
          <span class="quiet">for {duration((now.value - Date.parse(started_at)) / 1000)}</span>
        </p>
      ))}
    </section>
  );
}

function Deeds(props: {
  household: Household;
  path: string;
  changed: () => Promise<void>;
  close: () => void;
}) {
  const { household, path, changed } = props;
  const deed = useDeed();
  const [typed, setTyped] = useState<string | null>(null);
  const [isSent, setSent] = useState(false);
  const isLocked = household.locked_at !== undefined && household.locked_at !== null;
  const toggle = async () => {
    await ask(`${path}/${isLocked ? "unlock" : "lock"}`, { method: "POST" });
    await changed();
  };
  const remove = async () => {
    await ask(path, { method: "DELETE" });
    props.close();
  };
  return (
    <section>
      {deed.problem !== null && <Problem>{deed.problem}</Problem>}
      {isSent && <p role="status">A mail to choose another password with is on its way.</p>}
      {typed === null ? (
        <p class="actions">
          <button type="button" class="action" disabled={deed.isBusy} onClick={() => void deed.run(toggle)}>
            {isLocked ? "Unlock" : "Lock: log out everywhere and keep out"}
          </button>
          <button
            type="button"
            class="action"
            disabled={deed.isBusy}
            onClick={() =>
              void deed.run(() => ask(`${path}/password_reset`, { method: "POST" })).then(setSent)
            }
          >
            Send a password reset
          </button>
          <button type="button" class="action action--danger" onClick={() => setTyped("")}>
            Delete …
          </button>
        </p>
      ) : (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === household.email) void deed.run(remove);
          }}
        >
          <label>
            Everything about it is deleted, in all services, for good. Type its address to confirm.
            <input
              value={typed}
              placeholder={household.email}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
          <p class="actions">
            <button
              type="submit"
              class="action action--danger"
              disabled={deed.isBusy || typed !== household.email}
            >
              Delete
            </button>
            <button type="button" class="action" onClick={() => setTyped(null)}>
              Keep
            </button>
          </p>
        </form>
      )}
    </section>
  );
}
