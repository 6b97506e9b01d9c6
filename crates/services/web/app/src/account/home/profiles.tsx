// Profiles of the household, a child's among them, and the PIN that keeps children in theirs.
import { useState } from "preact/hooks";
import type { Me, Profile } from "../../shared/household";
import { ask, who } from "../../shared/session/session";
import { useLoaded } from "../load";
import { Check, Done, Field, Form, Heading, Problem, Spinner, textIn, useAction } from "../parts";
import { words } from "../words";
import { Cancel, Card, Proof, proofIn } from "./account";
import { Face, PinField, PROFILES } from "./chooser";

type Open = "none" | "new" | Profile;

export function ProfilesPage() {
  const list = useLoaded<Profile[]>(PROFILES);
  const me = useLoaded<Me>("/api/v1/me");
  const [open, setOpen] = useState<Open>("none");
  const close = () => setOpen("none");
  const changed = async () => {
    await list.again();
    close();
  };
  const { profiles } = words;
  const hasPin = me.value?.has_pin ?? false;
  return (
    <>
      <Heading>{profiles.title}</Heading>
      <Problem>{list.problem}</Problem>
      {list.value === null && list.problem === null && <Spinner />}
      <ul class="rows">
        {list.value?.map((profile) => (
          <li class="rows__row" key={profile.id}>
            {typeof open === "object" && open.id === profile.id ? (
              <Editor profile={profile} hasPin={hasPin} changed={changed} close={close} />
            ) : (
              <>
                <Face profile={profile} />
                <span class="rows__text">
                  <strong>{profile.name}</strong>
                  <small>
                    {[profile.child && profiles.child, profile.id === who.value?.profile && profiles.chosen]
                      .filter((word) => word !== false)
                      .join(" · ")}
                  </small>
                </span>
                <button
                  type="button"
                  class="button button--plain"
                  aria-label={profiles.edit(profile.name)}
                  onClick={() => setOpen(profile)}
                >
                  {words.account.change}
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {open === "new" ? (
        <Card title={profiles.add}>
          <Editor profile={null} hasPin={hasPin} changed={changed} close={close} />
        </Card>
      ) : (
        <p class="line">
          <button type="button" class="button button--plain" onClick={() => setOpen("new")}>
            {profiles.add}
          </button>
          <a class="button button--plain" href="/profiles">
            {profiles.who}
          </a>
        </p>
      )}
      {me.value !== null && <Pin me={me.value} changed={me.again} />}
    </>
  );
}

function Editor(props: {
  profile: Profile | null;
  hasPin: boolean;
  changed: () => Promise<void>;
  close: () => void;
}) {
  const { profile } = props;
  const action = useAction();
  const removal = useAction();
  const [isAsked, setAsked] = useState(false);
  const [isChild, setChild] = useState(profile?.child ?? false);
  const { profiles } = words;
  const path = profile === null ? PROFILES : `${PROFILES}/${encodeURIComponent(profile.id)}`;
  const submit = async (fields: FormData) => {
    const json = { name: textIn(fields, "name").trim(), child: isChild };
    await ask(path, { method: profile === null ? "POST" : "PATCH", json });
    await props.changed();
  };
  const remove = async () => {
    await ask(path, { method: "DELETE" });
    await props.changed();
  };
  if (isAsked && profile !== null) {
    return (
      <fieldset class="ask">
        <legend>{profiles.removeAsk(profile.name)}</legend>
        <button
          type="button"
          class="button button--danger"
          disabled={removal.isBusy}
          onClick={() => void removal.run(remove)}
        >
          {profiles.remove}
        </button>
        <button type="button" class="button button--plain" onClick={() => setAsked(false)}>
          {profiles.keep}
        </button>
        <Problem>{removal.problem}</Problem>
      </fieldset>
    );
  }
  return (
    <Form
      action={action}
      submit={words.save}
      onSubmit={submit}
      class="form--inline"
      more={
        <>
          <Cancel onClick={props.close} />
          {profile !== null && (
            <button type="button" class="button button--danger form__last" onClick={() => setAsked(true)}>
              {profiles.remove} …
            </button>
          )}
        </>
      }
    >
      <Field label={profiles.name} name="name" value={profile?.name ?? ""} maxLength={40} focus />
      <Check name="child" checked={isChild} onChange={setChild}>
        {profiles.isChild} <small>{profiles.childText}</small>
      </Check>
      {isChild && !props.hasPin && <p class="quiet">{profiles.pinFirst}</p>}
    </Form>
  );
}

function Pin({ me, changed }: { me: Me; changed: () => Promise<void> }) {
  const action = useAction(words.problems.wrongPassword);
  const [isOpen, setOpen] = useState(false);
  const submit = async (fields: FormData) => {
    const json = { pin: textIn(fields, "pin"), ...proofIn(fields) };
    await ask("/api/v1/me/pin", { method: "PUT", json });
    await changed();
    setOpen(false);
  };
  const { profiles } = words;
  return (
    <Card title={profiles.pin}>
      <p>{profiles.pinText}</p>
      {action.isDone ? (
        <Done>{words.saved}</Done>
      ) : (
        <p class="quiet">{me.has_pin ? profiles.pinSet : profiles.pinNotSet}</p>
      )}
      {isOpen ? (
        <Form
          action={action}
          submit={profiles.setPin}
          onSubmit={submit}
          more={<Cancel onClick={() => setOpen(false)} />}
        >
          <PinField label={profiles.pin} focus />
          <Proof me={me} />
        </Form>
      ) : (
        <button type="button" class="button button--plain" onClick={() => setOpen(true)}>
          {profiles.setPin}
        </button>
      )}
    </Card>
  );
}
