// What went wrong, in the reader's words. What only the server knows is shown as it says it.
import { ApiError } from "../shared/api";
import type { Words } from "./words";

export function sentenceOf(error: unknown, words: Words): string {
  if (!(error instanceof ApiError)) throw error;
  const { problems } = words;
  const { retry_after } = error.problem;
  switch (error.type) {
    case "invalid_grant":
      return problems.wrongLogIn;
    case "wrong_password":
      return problems.wrongPassword;
    case "wrong_pin":
    case "pin_needed":
      return problems.wrongPin;
  }
  switch (error.kind) {
    case "unreachable":
      return problems.unreachable;
    case "unavailable":
      return typeof retry_after === "number" && retry_after > 10
        ? problems.tooMany(retry_after)
        : problems.unavailable;
    case "too_many":
      return problems.tooMany(typeof retry_after === "number" ? retry_after : null);
    case "unauthenticated":
      return problems.loggedOut;
    case "internal":
      return problems.internal;
    default:
      return capitalised(error.message);
  }
}

// The services begin their sentences small and leave out the full stop.
function capitalised(text: string): string {
  const sentence = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}
