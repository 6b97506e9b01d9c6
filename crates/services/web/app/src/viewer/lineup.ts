// The line-up, asked for again and again: new channels appear and dead ones grey out by themselves.
import { batch, signal } from "@preact/signals";
import { ApiError, call } from "../shared/api";
import type { LineUp, LineUpEntry } from "../shared/wire";

// null: not known yet.
export const channels = signal<readonly LineUpEntry[] | null>(null);
// The last question was answered.
export const reachable = signal(true);

const EVERY_MS = 10_000;
const EVERY_MS_IN_TROUBLE = 3_000;

let timer: ReturnType<typeof setTimeout> | undefined;

// Asks now, and from then on while the page is looked at.
export async function followLineUp(): Promise<void> {
  clearTimeout(timer);
  let isAnswered = true;
  try {
    const lineUp = await call<LineUp>("/api/v1/channels");
    const sorted = [...lineUp.channels].sort((a, b) => a.number - b.number);
    batch(() => {
      if (JSON.stringify(sorted) !== JSON.stringify(channels.value)) channels.value = sorted;
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    isAnswered = false;
  }
  reachable.value = isAnswered;
  // Another call may have set a timer while this one waited.
  clearTimeout(timer);
  if (!document.hidden) {
    timer = setTimeout(() => void followLineUp(), isAnswered ? EVERY_MS : EVERY_MS_IN_TROUBLE);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (channels.value !== null || !reachable.value) void followLineUp();
});
