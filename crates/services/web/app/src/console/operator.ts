// Who works here: the operator's token, and calls made with it.
import { signal } from "@preact/signals";
import { ApiError, type Call, call } from "../shared/api";

const KEY = "funkturm.operator_token";

// Empty: nobody is signed in. The token lives as long as the browser tab.
export const token = signal(sessionStorage.getItem(KEY) ?? "");
// Why the sign-in is asked for again.
export const refusal = signal<string | null>(null);

export function signIn(given: string): void {
  sessionStorage.setItem(KEY, given);
  refusal.value = null;
  token.value = given;
}

export function signOut(reason: string | null = null): void {
  sessionStorage.removeItem(KEY);
  refusal.value = reason;
  token.value = "";
}

// `/console#token=…` signs in; the token leaves the address bar at once, so that it stays out of history,
// bookmarks and screenshots.
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (given !== "") signIn(given);
}

// A call as the operator. A token that is not accepted leads back to the sign-in.
export async function ask<T = undefined>(path: string, options: Omit<Call, "token"> = {}): Promise<T> {
  try {
    return await call<T>(path, { ...options, token: token.value });
  } catch (error) {
    if (error instanceof ApiError && (error.kind === "unauthenticated" || error.kind === "denied")) {
      signOut(`Not signed in: ${error.message}.`);
    }
    throw error;
  }
}
