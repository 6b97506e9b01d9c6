// Why nothing plays, in terms that lead to a sentence for the viewer and to when it is tried again.
import { ApiError } from "../../shared/api";

export type FailureKind =
  | "off_air"
  | "unreachable"
  | "busy"
  | "refused"
  | "unsupported"
  | "broken"
  | "unknown";

export interface Failure {
  kind: FailureKind;
  // What the service itself said, where it is meant for people.
  detail?: string;
}

// A failed request for playback.
export function failureOfCall(error: unknown): Failure {
  if (!(error instanceof ApiError)) return { kind: "broken" };
  switch (error.kind) {
    case "not_found":
      return { kind: "unknown" };
    case "unreachable":
    // Something on the way to the service answers for it, or it cannot work at the moment.
    case "unavailable":
      return { kind: "unreachable" };
    case "too_many":
      return { kind: "busy", detail: error.message };
    case "unauthenticated":
    case "denied":
    case "conflict":
      return { kind: "refused", detail: error.message };
    default:
      return { kind: "broken" };
  }
}

// A failed request for a playlist or a segment; `status` is 0 or absent where no answer came.
export function failureOfStatus(status: number | undefined): Failure {
  if (!status) return { kind: "unreachable" };
  if (status === 401 || status === 403) return { kind: "refused" };
  if (status === 429) return { kind: "busy" };
  // An origin that has no window of the channel knows nothing of it (404), or will soon (503).
  return { kind: status === 404 || status === 410 || status === 503 ? "off_air" : "broken" };
}

// How long until the next try, in milliseconds; null: trying again would change nothing.
export function retryDelay(kind: FailureKind, attempt: number): number | null {
  switch (kind) {
    case "off_air":
      // Most gaps are short: an origin or a transcoder that starts again.
      return Math.min(1_000 * 2 ** attempt, 5_000);
    case "unreachable":
    case "broken":
      return Math.min(2_000 * 2 ** attempt, 15_000);
    case "busy":
      // Spread out, so that those who were turned away do not all come back at once.
      return 10_000 + Math.random() * 10_000;
    case "refused":
    case "unsupported":
    case "unknown":
      return null;
  }
}
