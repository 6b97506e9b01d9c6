// Deleting the household: asked back by a word to type, and by the password.
import { useState } from "preact/hooks";
import { ask, forget } from "../../shared/session/session";
import { Field, Form, PasswordField, textIn, useAction } from "../parts";
import { go } from "../route";
import { words } from "../words";
import { Cancel, Card } from "./account";

export function Delete() {
  const action = useAction();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const { account } = words;
  const isConfirmed = typed.trim().toLocaleLowerCase(words.locale) === account.deleteWord;
  const submit = async (fields: FormData) => {
    if (!isConfirmed) return;
    await ask("/api/v1/me", { method: "DELETE", json: { password: textIn(fields, "password") } });
    forget();
    go("/log-in?deleted", true);
  };
  return (
    <Card title={account.deleteTitle} tone="danger">
      <p>{account.deleteText}</p>
      {isOpen ? (
        <Form
          action={action}
          submit={account.deleteSubmit}
          tone="danger"
          onSubmit={submit}
          more={<Cancel onClick={() => setOpen(false)} />}
        >
          <Field
            label={account.deleteConfirm(account.deleteWord)}
            name="word"
            value={typed}
            onInput={setTyped}
            pattern={`\\s*${account.deleteWord}\\s*`}
            focus
          />
          <PasswordField label={words.currentPassword} name="password" autocomplete="current-password" />
        </Form>
      ) : (
        <button type="button" class="button button--danger" onClick={() => setOpen(true)}>
          {account.deleteOpen}
        </button>
      )}
    </Card>
  );
}
