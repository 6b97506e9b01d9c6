// The household's session in this browser: logging in and out, and calls made in its name.
import { ApiError, type Call, call } from "../api";
import type { Tokens } from "../household";
import { deviceKind, deviceName } from "./device";
import { type Access, KEY, Keeper } from "./keeper";

const TOKENS = "/api/v1/tokens";
// This browser's device and its secret, also after logging out, so that it does not take a second place among the devices.
const DEVICE_KEY = "funkturm.device";
const LOCK = "funkturm.refresh";

// Another tab has got an access token. Not all browsers that we play in have it; they refresh more often.
const others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("funkturm.session");

// Browsers have locks only on pages that came over HTTPS or from this machine. Without them, two tabs that refresh
// at once are told apart by accounts, which answers a refresh token that was used a moment ago once more.
function alone<T>(work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { locks?: LockManager | null };
  return locks ? locks.request(LOCK, work) : work();
}

// Storage may be forbidden: then a log-in lasts until the page is left.
function storageOrMemory(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  try {
    localStorage.getItem(KEY);
    return localStorage;
  } catch {
    const memory = new Map<string, string>();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
    };
  }
}

const storage = storageOrMemory();
const keeper = new Keeper({
  storage,
  ask: (form) => call<Tokens>(TOKENS, { method: "POST", form }),
  alone,
  tell: (access) => others?.postMessage(access),
  now: Date.now,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

others?.addEventListener("message", ({ data }: MessageEvent<Access>) => keeper.told(data));
addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) keeper.look();
});

// Who is logged in; null: nobody.
export const who = keeper.who;

// What the token endpoint wants to know of this browser.
function device(): Record<string, string | undefined> {
  const known = knownDevice();
  return {
    device_name: deviceName(navigator.userAgent),
    device_kind: deviceKind(navigator.userAgent),
    device_id: known?.id,
    device_secret: known?.secret,
  };
}

function knownDevice(): { id: string; secret: string } | undefined {
  try {
    const known: unknown = JSON.parse(storage.getItem(DEVICE_KEY) ?? "null");
    if (typeof known !== "object" || known === null) return undefined;
    const { id, secret } = known as Record<string, unknown>;
    return typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
  } catch {
    return undefined;
  }
}

// Takes what a log-in was answered with.
function enter(tokens: Tokens): void {
  if (tokens.device_secret !== undefined) {
    storage.setItem(DEVICE_KEY, JSON.stringify({ id: tokens.device, secret: tokens.device_secret }));
  }
  keeper.keep(tokens);
}

// Logs in by any of OAuth's grants. Throws ApiError.
export async function logIn(grant: Record<string, string>): Promise<void> {
  enter(await call<Tokens>(TOKENS, { method: "POST", form: { ...device(), ...grant } }));
}

// What pairing and choosing a profile are answered with is a log-in too.
export const keep = enter;

// Logs out here, or on every device. What the server does not hear of here ends by itself; "everywhere" has to arrive.
export async function logOut(everywhere = false): Promise<void> {
  try {
    await ask(everywhere ? `${TOKENS}?everywhere=true` : TOKENS, { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (everywhere && error.kind !== "unauthenticated") throw error;
  }
  keeper.forget();
}

// The household is gone.
export function forget(): void {
  keeper.forget();
  storage.removeItem(DEVICE_KEY);
}

// A call in the household's name, if anybody is logged in. An access token that is not taken is replaced once.
export async function ask<T = undefined>(path: string, options: Omit<Call, "token"> = {}): Promise<T> {
  const token = await keeper.token();
  if (token === null) return call<T>(path, options);
  try {
    return await call<T>(path, { ...options, token });
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "unauthenticated") throw error;
    keeper.refuse(token);
    const next = await keeper.token();
    return call<T>(path, { ...options, token: next ?? undefined });
  }
}

// A last word while the page closes: only with what is at hand.
export function sayGoodbye(path: string): void {
  call(path, { method: "DELETE", keepalive: true, token: keeper.atHand }).catch(() => undefined);
}
