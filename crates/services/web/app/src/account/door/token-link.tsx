// Following a link from a mail: the token in it is used once, as soon as the page opens.
import { useEffect, useState } from "preact/hooks";
import { ApiError, call } from "../../shared/api";
import { problemOf } from "../parts";
import { takeSecret } from "../route";
import { words } from "../words";

export type LinkState = { kind: "working" } | { kind: "done" } | { kind: "failed"; problem: string };

// What is wrong with a link is one thing to its reader, whether it is used up, too old or half copied.
export function linkProblem(error: unknown): string {
  const isLost = error instanceof ApiError && ["invalid", "not_found", "conflict"].includes(error.kind);
  return isLost ? words.problems.lostLink : problemOf(error);
}

// Sends the token of the address to where it belongs.
export function useTokenLink(path: string): LinkState {
  const [token] = useState(() => takeSecret("token"));
  const [state, setState] = useState<LinkState>({ kind: "working" });
  useEffect(() => {
    if (token === null) {
      setState({ kind: "failed", problem: words.problems.lostLink });
      return;
    }
    call(path, { method: "POST", json: { token } }).then(
      () => setState({ kind: "done" }),
      (error: unknown) => setState({ kind: "failed", problem: linkProblem(error) }),
    );
  }, [path, token]);
  return state;
}
