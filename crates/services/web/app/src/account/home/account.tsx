// The account itself: address, password, language, consents, and everything about it to take along or to delete.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Consents, Me } from "../../shared/household";
import { ask } from "../../shared/session/session";
import { useLoaded } from "../load";
import {
  Check,
  Done,
  Field,
  Form,
  Heading,
  PasswordField,
  Problem,
  Spinner,
  textIn,
  useAction,
} from "../parts";
import { dateOf, words } from "../words";
import { Delete } from "./delete";

const ME = "/api/v1/me";

export function AccountPage() {
  const me = useLoaded<Me>(ME);
  return (
    <>
      <Heading>{words.account.title}</Heading>
      <Problem>{me.problem}</Problem>
      {me.value === null ? me.problem === null && <Spinner /> : <Parts me={me.value} changed={me.again} />}
    </>
  );
}

function Parts({ me, changed }: { me: Me; changed: () => Promise<void> }) {
  return (
    <>
      <Email me={me} />
      <Password me={me} changed={changed} />
      <Language me={me} changed={changed} />
      <ConsentsCard me={me} changed={changed} />
      <Data />
      <Delete me={me} />
    </>
  );
}

export function Card(props: { title: string; children: ComponentChildren; tone?: "danger" }) {
  return (
    <section class={`card ${props.tone ? `card--${props.tone}` : ""}`}>
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

function Email({ me }: { me: Me }) {
  const action = useAction(words.problems.wrongPassword);
  const [isOpen, setOpen] = useState(false);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const submit = async (fields: FormData) => {
    const email = textIn(fields, "email").trim();
    await ask(`${ME}/email`, { method: "POST", json: { email, ...proofIn(fields) } });
    setSentTo(email);
    setOpen(false);
  };
  return (
    <Card title={words.account.email}>
      <p class="fact" data-testid="email">
        {me.email}
      </p>
      {sentTo !== null && <Done>{words.account.emailSent(sentTo)}</Done>}
      {isOpen ? (
        <Form
          action={action}
          submit={words.account.change}
          onSubmit={submit}
          more={<Cancel onClick={() => setOpen(false)} />}
        >
          <Field label={words.account.newEmail} name="email" type="email" autocomplete="email" focus />
          <Proof me={me} />
        </Form>
      ) : (
        <button type="button" class="button button--plain" onClick={() => setOpen(true)}>
          {words.account.change}
        </button>
      )}
    </Card>
  );
}

// The password once more, before something that cannot be undone; not where there is none.
export function Proof({ me }: { me: Me }) {
  return me.has_password ? (
    <PasswordField label={words.currentPassword} name="password" autocomplete="current-password" />
  ) : null;
}

export function proofIn(fields: FormData): { password?: string } {
  return fields.has("password") ? { password: textIn(fields, "password") } : {};
}

export function Cancel({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="button button--plain" onClick={onClick}>
      {words.cancel}
    </button>
  );
}

function Password({ me, changed }: { me: Me; changed: () => Promise<void> }) {
  const action = useAction(words.problems.wrongPassword);
  const [isOpen, setOpen] = useState(false);
  const submit = async (fields: FormData) => {
    const json = { ...(me.has_password && { old: textIn(fields, "old") }), new: textIn(fields, "new") };
    await ask(`${ME}/password`, { method: "PUT", json });
    await changed();
    setOpen(false);
  };
  return (
    <Card title={words.account.password}>
      {action.isDone && <Done>{words.saved}</Done>}
      <p>{words.account.passwordText}</p>
      {isOpen ? (
        <Form
          action={action}
          submit={words.account.changePassword}
          onSubmit={submit}
          more={<Cancel onClick={() => setOpen(false)} />}
        >
          {me.has_password && (
            <PasswordField label={words.currentPassword} name="old" autocomplete="current-password" />
          )}
          <PasswordField
            label={words.newPassword}
            name="new"
            autocomplete="new-password"
            strength={{ email: me.email }}
          />
        </Form>
      ) : (
        <button type="button" class="button button--plain" onClick={() => setOpen(true)}>
          {words.account.changePassword}
        </button>
      )}
    </Card>
  );
}

function Language({ me, changed }: { me: Me; changed: () => Promise<void> }) {
  const action = useAction();
  const change = (language: string) =>
    action.run(async () => {
      await ask(ME, { method: "PATCH", json: { language } });
      await changed();
    });
  return (
    <Card title={words.account.language}>
      <select
        class="select"
        aria-label={words.account.language}
        value={me.language}
        disabled={action.isBusy}
        onChange={(event) => void change(event.currentTarget.value)}
      >
        {Object.entries(words.account.languages).map(([language, name]) => (
          <option key={language} value={language}>
            {name}
          </option>
        ))}
      </select>
      {action.isDone && <Done>{words.saved}</Done>}
      <Problem>{action.problem}</Problem>
    </Card>
  );
}

// The terms cannot be taken back here: whoever does not want them any more deletes the account.
function ConsentsCard({ me, changed }: { me: Me; changed: () => Promise<void> }) {
  const action = useAction();
  const change = (consents: Partial<Consents>) =>
    void action.run(async () => {
      await ask(ME, { method: "PATCH", json: { consents } });
      await changed();
    });
  const { consents } = me;
  return (
    <Card title={words.account.consents}>
      <div class="checks">
        <Check name="marketing" checked={consents.marketing} onChange={(marketing) => change({ marketing })}>
          {words.signUp.marketing}
        </Check>
        <Check
          name="personalised_ads"
          checked={consents.personalised_ads}
          onChange={(personalised_ads) => change({ personalised_ads })}
        >
          {words.signUp.ads}
        </Check>
      </div>
      <p class="quiet">{words.account.terms(dateOf(me.consents.terms_accepted_at))}</p>
      {action.isDone && <Done>{words.saved}</Done>}
      <Problem>{action.problem}</Problem>
    </Card>
  );
}

const EXPORT_PATIENCE_MS = 60_000;

function Data() {
  const action = useAction();
  const download = async () => {
    const everything = await ask<unknown>(`${ME}/export`, { patienceMs: EXPORT_PATIENCE_MS });
    const file = new Blob([JSON.stringify(everything, null, 2)], { type: "application/json" });
    save(file, `funkturm-${new Date().toISOString().slice(0, 10)}.json`);
  };
  return (
    <Card title={words.account.data}>
      <p>{words.account.exportText}</p>
      <Problem>{action.problem}</Problem>
      <button
        type="button"
        class="button button--plain"
        disabled={action.isBusy}
        onClick={() => void action.run(download)}
      >
        {action.isBusy ? words.oneMoment : words.account.export}
      </button>
    </Card>
  );
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser needs the address until it has begun to write.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
