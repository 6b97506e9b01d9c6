// Who is logged in in this browser, and the tokens that show it.
//
// The access token (five minutes) is only ever in memory. The refresh token has to outlive the page and is shared
// by all tabs, so it is in localStorage. A script that got into our pages could read it there; it could also use
// any other place that our own code can use, an HttpOnly cookie included, for as long as the page is open. What
// keeps such scripts out is the content security policy: no script but our own files, nothing inline, calls to
// our own hosts alone. What bounds the harm of a refresh token that was carried away is its rotation: as soon as both
// the thief and this browser have used it, accounts ends the whole family, and the device can be removed by hand.
import { signal } from "@preact/signals";
import { ApiError } from "../api";
import type { Tokens } from "../household";

// What is kept of a log-in.
export interface Kept {
  refresh_token: string;
  household: string;
  profile: string;
  // It is a child's profile.
  child: boolean;
  device: string;
}

export type Who = Omit<Kept, "refresh_token">;

// What the keeper needs of the browser, and what tests put in its place.
export interface Surroundings {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  // POST /api/v1/tokens.
  ask: (form: Record<string, string>) => Promise<Tokens>;
  // Runs the work while no other tab runs any.
  alone: <T>(work: () => Promise<T>) => Promise<T>;
  // Tells the other tabs about an access token, so that they need not ask for one of their own.
  tell: (access: Access) => void;
  now: () => number;
  wait: (ms: number) => Promise<void>;
}

export interface Access {
  device: string;
  profile: string;
  token: string;
  // Milliseconds since the epoch.
  until: number;
}

export const KEY = "funkturm.session";
// A token is not used in its last moments: it has to get to the server, whose clock may differ.
const MARGIN_MS = 20_000;
// How long is waited before a refresh whose answer was lost is tried again, each time with the same refresh token:
// the server answers the second time like the first.
const AGAIN_MS = [500, 2_000];

export class Keeper {
  // null: nobody is logged in.
  readonly who = signal<Who | null>(null);
  private access: Access | null = null;
  private refreshing: Promise<string | null> | null = null;

  constructor(private readonly around: Surroundings) {
    this.look();
  }

  // A log-in, or another profile.
  keep(tokens: Tokens): void {
    const { household, profile, child, device } = tokens;
    const refresh_token = tokens.refresh_token ?? this.kept()?.refresh_token;
    // Another profile, but logged out meanwhile.
    if (refresh_token === undefined) return;
    const kept: Kept = { refresh_token, household, profile, child, device };
    this.around.storage.setItem(KEY, JSON.stringify(kept));
    const until = this.around.now() + tokens.expires_in * 1000;
    this.access = { device, profile, token: tokens.access_token, until };
    this.look();
    this.around.tell(this.access);
  }

  // Logged out, here and in every tab.
  forget(): void {
    this.around.storage.removeItem(KEY);
    this.look();
  }

  // Looks into the storage, which another tab may have changed.
  look(): void {
    const kept = this.kept();
    const { device, profile } = kept ?? {};
    if (this.access && (this.access.device !== device || this.access.profile !== profile)) this.access = null;
    const old = this.who.value;
    const isSame = kept !== null && old !== null && old.household === kept.household;
    if (isSame && old.device === device && old.profile === profile) return;
    if (kept === null && old === null) return;
    if (kept === null) {
      this.who.value = null;
      return;
    }
    const { household, child } = kept;
    this.who.value = { household, profile: kept.profile, child, device: kept.device };
  }

  // Another tab has got this.
  told(access: Access): void {
    const kept = this.kept();
    if (kept?.device !== access.device || kept.profile !== access.profile) return;
    if (access.until > (this.access?.until ?? 0)) this.access = access;
  }

  // The access token that is at hand, without asking for one.
  get atHand(): string | undefined {
    return this.isFresh() ? this.access?.token : undefined;
  }

  // An access token; null if nobody is logged in (any more). Throws ApiError if there is none to be had now.
  token(): Promise<string | null> {
    if (this.isFresh() && this.access) return Promise.resolve(this.access.token);
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  // A service did not take this one.
  refuse(token: string): void {
    if (this.access?.token === token) this.access = null;
  }

  private isFresh(): boolean {
    return this.access !== null && this.access.until - MARGIN_MS > this.around.now();
  }

  private async refresh(): Promise<string | null> {
    if (this.kept() === null) return this.gone();
    return this.around.alone(async () => {
      // Another tab may have refreshed while this one waited for its turn.
      if (this.isFresh() && this.access) return this.access.token;
      for (;;) {
        const kept = this.kept();
        if (kept === null) return this.gone();
        const tokens = await this.exchange(kept.refresh_token);
        if (tokens !== null) {
          // Logged out, or in anew, while the answer was on its way: then it is of no use.
          if (this.kept()?.refresh_token !== kept.refresh_token) continue;
          this.keep(tokens);
          return tokens.access_token;
        }
        if (this.kept()?.refresh_token === kept.refresh_token) this.forget();
      }
    });
  }

  // null: this refresh token is worth nothing any more.
  private async exchange(refresh_token: string): Promise<Tokens | null> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.around.ask({ grant_type: "refresh_token", refresh_token });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.type === "invalid_grant") return null;
        const pause = AGAIN_MS[attempt];
        const mayPass = error.kind === "unreachable" || error.kind === "unavailable";
        if (!mayPass || pause === undefined) throw error;
        await this.around.wait(pause);
      }
    }
  }

  private gone(): null {
    this.access = null;
    this.look();
    return null;
  }

  private kept(): Kept | null {
    try {
      const kept: unknown = JSON.parse(this.around.storage.getItem(KEY) ?? "null");
      return isKept(kept) ? kept : null;
    } catch {
      return null;
    }
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null) return false;
  const { refresh_token, household, profile, child, device } = value as Record<string, unknown>;
  const texts = [refresh_token, household, profile, device];
  return typeof child === "boolean" && texts.every((text) => typeof text === "string");
}
