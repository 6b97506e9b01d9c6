// What went wrong, in the reader's words. What only the server knows is shown as it says it.
import { ApiError } from "../shared/api";
import type { Words } from "./words";

export interface Circumstances {
  // A child's profile is chosen, with which nothing can be changed.
  isChild: boolean;
  // What "denied" means here, where it means one thing: the wrong password, the wrong PIN.
  denied?: string | undefined;
}

export function sentenceOf(error: unknown, words: Words, { isChild, denied }: Circumstances): string {
  if (!(error instanceof ApiError)) throw error;
  const { problems } = words;
  const { retry_after } = error.problem;
  switch (error.type) {
    case "invalid_grant":
      return problems.wrongLogIn;
    case "device_limit":
      return problems.deviceLimit;
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
    case "denied":
      if (isChild && denied !== problems.wrongPin) return problems.child;
      return denied ?? sentence(error.message);
    case "invalid":
      // What accounts says of a new password; the others are told in their own language.
      return error.message.startsWith("password:") ? problems.badPassword : sentence(error.message);
    case "internal":
      return problems.internal;
    default:
      return sentence(error.message);
  }
}

// The services begin their sentences small and leave out the full stop.
function sentence(text: string): string {
  const begun = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
