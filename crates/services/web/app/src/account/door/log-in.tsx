// Logging in: by address and password, or at the operator's own identity provider.
import { useEffect, useState } from "preact/hooks";
import { house } from "../../shared/house";
import { logIn, who } from "../../shared/session/session";
import { Done, Door, Field, Form, PasswordField, Problem, Spinner, textIn, useAction } from "../parts";
import { go, query, takeSecret, wayBack } from "../route";
import { words } from "../words";

const OPENID_GRANT = "urn:funkturm:params:oauth:grant-type:openid";
// Where somebody wanted to go before the provider's pages took over.
const TO_KEY = "funkturm.to";

export function LogIn() {
  // What the provider sent this browser back with.
  const [code] = useState(() => takeSecret("code"));
  const [isRefused] = useState(() => takeSecret("error") !== null);
  const [isDeleted] = useState(() => query("deleted") !== null);
  const action = useAction();
  const [to] = useState(() =>
    wayBack(query("to") ?? (code === null ? null : sessionStorage.getItem(TO_KEY)), "/"),
  );
  const isIn = who.value !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a code is good for one try
  useEffect(() => {
    if (code !== null) void action.run(() => logIn({ grant_type: OPENID_GRANT, code }));
  }, [code]);
  useEffect(() => {
    if (!isIn) return;
    sessionStorage.removeItem(TO_KEY);
    go(to, true);
  }, [isIn, to]);
  const submit = (fields: FormData) =>
    logIn({
      grant_type: "password",
      username: textIn(fields, "email").trim(),
      password: textIn(fields, "password"),
    });
  if (isIn || (code !== null && action.isBusy)) {
    return (
      <Door title={words.logIn.title}>
        <Spinner />
      </Door>
    );
  }
  return (
    <Door title={words.logIn.title}>
      {isDeleted && (
        <Done>
          <strong>{words.account.deleted}</strong> {words.account.deletedText}
        </Done>
      )}
      {isRefused && <Problem>{words.logIn.openidFailed}</Problem>}
      <Form action={action} submit={words.logIn.submit} onSubmit={submit}>
        <Field label={words.email} name="email" type="email" autocomplete="username" />
        <PasswordField label={words.password} name="password" autocomplete="current-password" />
        <p class="form__aside">
          <a href="/reset">{words.logIn.forgotten}</a>
        </p>
      </Form>
      {house.value?.openid && (
        <>
          <p class="or">
            <span>{words.logIn.or}</span>
          </p>
          <a
            class="button button--plain button--wide"
            href="/api/v1/login/openid"
            data-load
            onClick={() => sessionStorage.setItem(TO_KEY, to)}
          >
            {words.logIn.openid}
          </a>
        </>
      )}
      {house.value?.sign_up !== false && (
        <p class="door__else">
          {words.logIn.none} <a href={`/sign-up${location.search}`}>{words.signUp.title}</a>
        </p>
      )}
    </Door>
  );
}
