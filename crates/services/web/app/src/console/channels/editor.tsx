// Makes a channel, or changes or deletes one.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import type { Channel, Profile } from "../../shared/wire";
import { refreshAll } from "../live";
import { ask } from "../operator";
import { Dialog } from "./dialog";
import { changeOf, type Draft, draftOf, newChannelOf, PROFILES } from "./draft";
import { InputsField } from "./inputs-field";
import { type LogoChoice, LogoField } from "./logo-field";

const pathOf = (id: string) => `/admin/v1/channels/${encodeURIComponent(id)}`;

async function save(channel: Channel | null, draft: Draft, logo: LogoChoice): Promise<void> {
  let id: string;
  if (channel === null) {
    const made = await ask<Channel>("/admin/v1/channels", { method: "POST", json: newChannelOf(draft) });
    id = made.id;
    // A new channel is switched on; one that is to wait is switched off at once.
    if (!draft.enabled) await ask(pathOf(id), { method: "PATCH", json: { enabled: false } });
  } else {
    id = channel.id;
    const change = changeOf(channel, draft);
    if (Object.keys(change).length > 0) await ask(pathOf(id), { method: "PATCH", json: change });
  }
  if (logo.kind === "file") await ask(`${pathOf(id)}/logo`, { method: "PUT", body: logo.file });
  if (logo.kind === "none") await ask(`${pathOf(id)}/logo`, { method: "DELETE" });
}

export function Editor({ channel, close }: { channel: Channel | null; close: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(channel));
  const [logo, setLogo] = useState<LogoChoice>({ kind: "unchanged" });
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const attempt = async (action: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
      await refreshAll();
      close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(() => save(channel, draft, logo));
  };
  return (
    <Dialog title={channel === null ? "New channel" : channel.name} close={close}>
      <form class="form" onSubmit={submit}>
        <div class="form__row">
          <label class="grow">
            Name
            <input
              value={draft.name}
              required
              maxLength={100}
              onInput={(event) => set({ name: event.currentTarget.value })}
            />
          </label>
          <label class="narrow">
            Number
            <input
              value={draft.number}
              inputMode="numeric"
              pattern="[1-9][0-9]{0,3}"
              placeholder="next"
              required={channel !== null}
              title="1 to 9999"
              onInput={(event) => set({ number: event.currentTarget.value })}
            />
          </label>
        </div>
        <InputsField inputs={draft.inputs} onChange={(inputs) => set({ inputs })} />
        <label>
          Profile
          <select
            value={draft.profile}
            onChange={(event) => set({ profile: event.currentTarget.value as Profile })}
          >
            {Object.entries(PROFILES).map(([profile, label]) => (
              <option key={profile} value={profile}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <LogoField channel={channel} choice={logo} onChange={setLogo} />
        <Switch checked={draft.enabled} onChange={(enabled) => set({ enabled })}>
          Switched on <small>received and shown to viewers</small>
        </Switch>
        <Switch checked={draft.redundant} onChange={(redundant) => set({ redundant })}>
          Two transcoders <small>either can fail unnoticed</small>
        </Switch>
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <footer class="form__foot">
          {channel !== null && (
            <Delete
              name={channel.name}
              isBusy={isBusy}
              onDelete={() => void attempt(() => ask(pathOf(channel.id), { method: "DELETE" }))}
            />
          )}
          <button type="submit" class="action action--main" disabled={isBusy}>
            {channel === null ? "Add" : "Save"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Switch(props: { checked: boolean; onChange: (on: boolean) => void; children: ComponentChildren }) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  );
}

// Asks back in place: a channel's history goes with it.
function Delete(props: { name: string; isBusy: boolean; onDelete: () => void }) {
  const [isAsked, setAsked] = useState(false);
  if (!isAsked) {
    return (
      <button type="button" class="action action--danger" onClick={() => setAsked(true)}>
        Delete …
      </button>
    );
  }
  return (
    <span class="confirm">
      Delete {props.name} for good?
      <button type="button" class="action action--danger" disabled={props.isBusy} onClick={props.onDelete}>
        Delete
      </button>
      <button type="button" class="action" onClick={() => setAsked(false)}>
        Keep
      </button>
    </span>
  );
}
