// What the household that is logged in may watch, and what the packages are called that would open the rest.
import { effect, signal } from "@preact/signals";
import { ApiError, call } from "../shared/api";
import { house } from "../shared/house";
import type { Package, Rights } from "../shared/household";
import { ask, who } from "../shared/session/session";
import { words } from "./words";

// null: not known, or nobody is logged in. Then nothing looks locked: playback says what may be played.
export const rights = signal<Rights | null>(null);
const packages = signal<readonly Package[]>([]);

const EVERY_MS = 60_000;
let timer: ReturnType<typeof setTimeout> | undefined;

// The packages that have a channel which is locked; null: it is not locked. An empty list: nobody sells it.
export function lockOf(channel: string): readonly string[] | null {
  const known = rights.value;
  if (known === null || Object.hasOwn(known.channels, channel)) return null;
  return Object.hasOwn(known.locked, channel) ? (known.locked[channel] ?? null) : null;
}

export function packageName(id: string): string {
  const name = packages.value.find((each) => each.id === id)?.name;
  if (name === undefined) return id;
  const [own, other] = words.locale === "de" ? [name.de, name.en] : [name.en, name.de];
  return own === "" ? other : own;
}

// `Plus, Sport`; null where there is nothing to be had.
export function packageNames(ids: readonly string[]): string | null {
  return ids.length === 0 ? null : ids.map(packageName).join(", ");
}

// Asks now, and from then on while somebody is logged in and looks at the page.
export async function followRights(): Promise<void> {
  clearTimeout(timer);
  const household = who.value?.household;
  if (household === undefined || house.value?.open !== false) {
    rights.value = null;
    return;
  }
  try {
    const known = await ask<Rights>("/api/v1/me/rights");
    if (who.value?.household === household) rights.value = known;
    if (packages.value.length === 0) packages.value = await call<Package[]>("/api/v1/packages");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // What was known stays: playback decides anyway.
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(() => void followRights(), EVERY_MS);
}

// Once, when the page is up.
export function startHousehold(): void {
  // Another household, profile or kind of house.
  effect(() => {
    void [who.value, house.value];
    queueMicrotask(() => void followRights());
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else void followRights();
  });
}
