// The phone's side of pairing: what asks is shown before anybody says yes.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import type { PairingRequest } from "../../shared/household";
import { ask } from "../../shared/session/session";
import { Done, Door, Field, Form, Problem, textIn, useAction } from "../parts";
import { go, query } from "../route";
import { words } from "../words";
import { spaced } from "./poll";

const PAIRINGS = "/api/v1/device_authorization";

// People type what they see, and some of what they think they see.
export function tidied(code: string): string {
  return code.toUpperCase().replace(/[^A-Z0-9]/g, "");
}

export function Pair() {
  const [code, setCode] = useState(tidied(query("code") ?? query("user_code") ?? ""));
  const [request, setRequest] = useState<PairingRequest | null>(null);
  const [answer, setAnswer] = useState<"approved" | "refused" | null>(null);
  const [isUnknown, setUnknown] = useState(false);
  const action = useAction();
  const look = async (given: string) => {
    setUnknown(false);
    try {
      setRequest(await ask<PairingRequest>(`${PAIRINGS}/${encodeURIComponent(given)}`));
    } catch (error) {
      if (!(error instanceof ApiError) || (error.kind !== "not_found" && error.kind !== "invalid"))
        throw error;
      setUnknown(true);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the code that the address came with, once
  useEffect(() => {
    if (code !== "") void action.run(() => look(code));
  }, []);
  const decide = (approve: boolean) =>
    void action.run(async () => {
      const json = { user_code: code, approve };
      await ask(`${PAIRINGS}/approve`, { method: "POST", json });
      setAnswer(approve ? "approved" : "refused");
    });
  const { pair } = words;
  if (answer !== null) {
    return (
      <Door title={pair.title}>
        <Done>
          <strong>{pair[answer]}</strong> {answer === "approved" && pair.approvedText}
        </Done>
        <div class="form__foot">
          <button type="button" class="button button--plain" onClick={() => go("/account/devices")}>
            {words.devices.title}
          </button>
        </div>
      </Door>
    );
  }
  if (request === null) {
    return (
      <Door title={pair.title}>
        <p>{pair.text}</p>
        {isUnknown && <Problem>{pair.unknown}</Problem>}
        <Form
          action={action}
          submit={pair.next}
          onSubmit={(fields) => {
            const given = tidied(textIn(fields, "code"));
            setCode(given);
            return look(given);
          }}
        >
          <Field
            label={pair.code}
            name="code"
            value={spaced(code)}
            maxLength={20}
            class="field--code"
            focus
          />
        </Form>
      </Door>
    );
  }
  return (
    <Door title={pair.title}>
      <p>{pair.asks}</p>
      <div class="asking" data-testid="asking">
        <strong>{request.device_name}</strong>
        <small>{request.same_network ? pair.sameNetwork : pair.otherNetwork}</small>
        <span class="asking__code">{spaced(code)}</span>
      </div>
      <p class="quiet">{pair.warning}</p>
      <Problem>{action.problem}</Problem>
      <div class="form__foot">
        <button
          type="button"
          class="button button--main"
          disabled={action.isBusy}
          onClick={() => decide(true)}
        >
          {pair.approve}
        </button>
        <button
          type="button"
          class="button button--plain"
          disabled={action.isBusy}
          onClick={() => decide(false)}
        >
          {pair.refuse}
        </button>
      </div>
    </Door>
  );
}
