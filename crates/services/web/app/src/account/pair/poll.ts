// Waiting for the phone (RFC 8628 3.4 and 3.5): how often is asked, and what the answers mean.
import { ApiError } from "../../shared/api";
import type { DeviceAuthorization, Tokens } from "../../shared/household";

export const GRANT = "urn:ietf:params:oauth:grant-type:device_code";

// Without an interval of the server's, this one counts; `slow_down` makes it longer for good.
const INTERVAL_S = 5;
const SLOWER_S = 5;
const SLOWEST_S = 60;

export type Outcome = "expired" | "denied" | "stopped";

export interface Around {
  // POST /api/v1/tokens with the device code.
  ask: (device_code: string) => Promise<Tokens>;
  // Waits; ends early when nobody waits any more.
  wait: (ms: number) => Promise<void>;
  now: () => number;
  signal: AbortSignal;
}

// Asks until there is an outcome: the tokens, or why there are none.
export async function poll(pairing: DeviceAuthorization, around: Around): Promise<Tokens | Outcome> {
  let seconds = Math.max(pairing.interval ?? INTERVAL_S, 1);
  const end = around.now() + pairing.expires_in * 1000;
  for (;;) {
    await around.wait(seconds * 1000);
    if (around.signal.aborted) return "stopped";
    if (around.now() >= end) return "expired";
    try {
      return await around.ask(pairing.device_code);
    } catch (error) {
      if (around.signal.aborted) return "stopped";
      if (!(error instanceof ApiError)) throw error;
      switch (error.type) {
        case "authorization_pending":
          break;
        case "slow_down":
          seconds = Math.min(seconds + SLOWER_S, SLOWEST_S);
          break;
        case "expired_token":
        case "invalid_grant":
          return "expired";
        case "access_denied":
          return "denied";
        default:
          if (error.kind === "invalid") throw error;
          // The server is away or busy: RFC 8628 3.5 asks for less often.
          seconds = Math.min(seconds * 2, SLOWEST_S);
      }
    }
  }
}

// `BCDFGHJK` is read better as `BCDF-GHJK`; what has its own dashes keeps them.
export function spaced(code: string): string {
  if (/[^A-Za-z0-9]/.test(code) || code.length < 6) return code;
  const half = Math.ceil(code.length / 2);
  return `${code.slice(0, half)}-${code.slice(half)}`;
}
