// A forgotten password: first the address that a link goes to, then, with the link, the new one.
import { useState } from "preact/hooks";
import { ApiError, call } from "../../shared/api";
import { Done, Door, Field, Form, PasswordField, Problem, textIn, useAction } from "../parts";
import { takeSecret } from "../route";
import { words } from "../words";
import { LookIntoMail } from "./look-into-mail";
import { linkProblem } from "./token-link";

export function Reset() {
  const [token] = useState(() => takeSecret("token"));
  return token === null ? <Ask /> : <Choose token={token} />;
}

function Ask() {
  const action = useAction();
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo !== null) return <LookIntoMail address={sentTo} again={() => setSentTo(null)} />;
  const submit = async (fields: FormData) => {
    const email = textIn(fields, "email").trim();
    await call("/api/v1/accounts/reset", { method: "POST", json: { email } });
    setSentTo(email);
  };
  return (
    <Door title={words.reset.title}>
      <p>{words.reset.text}</p>
      <Form action={action} submit={words.reset.submit} onSubmit={submit}>
        <Field label={words.email} name="email" type="email" autocomplete="username" />
      </Form>
      <p class="door__else">
        <a href="/login">{words.back}</a>
      </p>
    </Door>
  );
}

function Choose({ token }: { token: string }) {
  const action = useAction();
  const [lost, setLost] = useState<string | null>(null);
  const submit = async (fields: FormData) => {
    const password = textIn(fields, "password");
    setLost(null);
    try {
      await call("/api/v1/accounts/password", { method: "PUT", json: { token, password } });
    } catch (error) {
      // The link is not good any more; anything else may go well with the next try.
      if (mayGoWell(error)) throw error;
      setLost(linkProblem(error));
    }
  };
  if (action.isDone && lost === null) {
    return (
      <Door title={words.reset.done}>
        <Done>{words.reset.doneText}</Done>
        <div class="form__foot">
          <a class="button button--main" href="/login">
            {words.logIn.title}
          </a>
        </div>
      </Door>
    );
  }
  return (
    <Door title={words.reset.newTitle}>
      <Problem>{lost}</Problem>
      <Form action={action} submit={words.reset.newSubmit} onSubmit={submit}>
        <PasswordField
          label={words.newPassword}
          name="password"
          autocomplete="new-password"
          strength={{ email: "" }}
        />
      </Form>
      {lost !== null && (
        <p class="door__else">
          <a href="/reset">{words.lookIntoMail.again}</a>
        </p>
      )}
    </Door>
  );
}

function mayGoWell(error: unknown): boolean {
  return error instanceof ApiError && error.kind !== "not_found";
}
