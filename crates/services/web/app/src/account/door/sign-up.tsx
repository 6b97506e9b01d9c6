// Making an account: an address, a password, and what may be done with what is known.
import { useState } from "preact/hooks";
import { call } from "../../shared/api";
import { house } from "../../shared/house";
import { Check, Door, Field, Form, PasswordField, textIn, useAction } from "../parts";
import { words } from "../words";
import { LookIntoMail } from "./look-into-mail";

export function SignUp() {
  const action = useAction();
  const [email, setEmail] = useState("");
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo !== null) return <LookIntoMail address={sentTo} again={() => setSentTo(null)} />;
  const { signUp } = words;
  if (house.value?.sign_up === false) {
    return (
      <Door title={signUp.title}>
        <p>{signUp.closed}</p>
        <p class="door__else">
          <a href={`/login${location.search}`}>{words.logIn.title}</a>
        </p>
      </Door>
    );
  }
  const submit = async (fields: FormData) => {
    const consents = {
      terms: fields.has("terms"),
      marketing: fields.has("marketing"),
      personalised_ads: fields.has("personalised_ads"),
    };
    const json = {
      email: email.trim(),
      password: textIn(fields, "password"),
      language: words.locale,
      consents,
    };
    await call("/api/v1/accounts", { method: "POST", json });
    setSentTo(email.trim());
  };
  return (
    <Door title={signUp.title}>
      <p>{signUp.text}</p>
      <Form action={action} submit={signUp.submit} onSubmit={submit}>
        <Field
          label={words.email}
          name="email"
          type="email"
          autocomplete="username"
          value={email}
          onInput={setEmail}
        />
        <PasswordField
          label={words.password}
          name="password"
          autocomplete="new-password"
          strength={{ email }}
        />
        <fieldset class="checks">
          <legend class="visually-hidden">{words.account.consents}</legend>
          <Check name="terms" required>
            {signUp.terms}
          </Check>
          <Check name="marketing">
            {signUp.marketing} <small>{signUp.optional}</small>
          </Check>
          <Check name="personalised_ads">
            {signUp.ads} <small>{signUp.optional}</small>
          </Check>
        </fieldset>
      </Form>
      <p class="door__else">
        {signUp.haveOne} <a href={`/login${location.search}`}>{words.logIn.title}</a>
      </p>
    </Door>
  );
}
