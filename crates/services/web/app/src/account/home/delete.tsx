// Deleting the household: asked back by a word to type, and by the password.
import { useState } from "preact/hooks";
import type { Me } from "../../shared/household";
import { ask, forget } from "../../shared/session/session";
import { Field, Form, useAction } from "../parts";
import { go } from "../route";
import { words } from "../words";
import { Cancel, Card, Proof, proofIn } from "./account";

export function Delete({ me }: { me: Me }) {
  const action = useAction(words.problems.wrongPassword);
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const { account } = words;
  const isConfirmed = typed.trim().toLocaleLowerCase(words.locale) === account.deleteWord;
  const submit = async (fields: FormData) => {
    if (!isConfirmed) return;
    await ask("/api/v1/me", { method: "DELETE", json: proofIn(fields) });
    forget();
    go("/login?deleted", true);
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
          <Proof me={me} />
        </Form>
      ) : (
        <button type="button" class="button button--danger" onClick={() => setOpen(true)}>
          {account.deleteOpen}
        </button>
      )}
    </Card>
  );
}
