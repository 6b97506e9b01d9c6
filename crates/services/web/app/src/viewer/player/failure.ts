// Why nothing plays, in terms that lead to a sentence for the viewer and to when it is tried again.
import { ApiError } from "../../shared/api";
import type { Running } from "../../shared/household";

export type FailureKind =
  | "off_air"
  | "unreachable"
  | "busy"
  | "refused"
  // The session or its token came to an end while it played: somebody else took its place, or the right is gone.
  | "ended"
  // Nobody is logged in.
  | "log_in"
  | Refusal
  | "unsupported"
  | "broken"
  | "unknown";

// Why rights does not let this household play this: the types of problems that playback answers with (403).
const REFUSALS = ["not_in_package", "too_many_streams", "age", "abroad", "licence"] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Failure {
  kind: FailureKind;
  // The packages that have the channel.
  packages?: string[];
  // What runs already where no more may.
  sessions?: Running[];
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
      return { kind: "log_in" };
    case "denied":
      return failureOfRefusal(error);
    case "conflict":
      return { kind: "refused", detail: error.message };
    default:
      return { kind: "broken" };
  }
}

function failureOfRefusal(error: ApiError): Failure {
  const kind = REFUSALS.find((refusal) => refusal === error.type);
  switch (kind) {
    case undefined:
      return { kind: "refused", detail: error.message };
    case "not_in_package":
      return { kind, packages: listIn<string>(error, "packages") };
    case "too_many_streams":
      return { kind, sessions: listIn<Running>(error, "sessions") };
    default:
      return { kind };
  }
}

function listIn<T>(error: ApiError, name: string): T[] {
  const list = error.problem[name];
  return Array.isArray(list) ? list : [];
}

// A failed request for a playlist or a segment; `status` is 0 or absent where no answer came.
export function failureOfStatus(status: number | undefined): Failure {
  if (!status) return { kind: "unreachable" };
  if (status === 401 || status === 403) return { kind: "ended" };
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
    case "ended":
      // Whoever asks for another session is told why there is none.
      return attempt === 0 ? 0 : null;
    default:
      return null;
  }
}
