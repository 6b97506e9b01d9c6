// What the fleet says about itself, asked for every two seconds while somebody looks.
import { batch, effect, type Signal, signal } from "@preact/signals";
import { ApiError } from "../shared/api";
import type {
  ChannelList,
  Gathered,
  IngestStatus,
  OriginStatus,
  RunningSession,
  TranscodeStatus,
} from "../shared/wire";
import { isSilent } from "../shared/wire";
import { History } from "./history";
import { ask, token } from "./operator";

const EVERY_MS = 2_000;
// Older than this, figures are shown as what they are: old.
export const STALE_MS = 3 * EVERY_MS + 1_000;

export interface Source<T> {
  // The last answer; null: none yet.
  value: Signal<T | null>;
  // When it came, in milliseconds since the epoch; 0: never.
  at: Signal<number>;
  // Why the last question went unanswered.
  problem: Signal<string | null>;
}

function source<T>(): Source<T> {
  return { value: signal<T | null>(null), at: signal(0), problem: signal<string | null>(null) };
}

export const fleet = {
  channels: source<ChannelList>(),
  inputs: source<Gathered<IngestStatus>>(),
  transcoders: source<Gathered<TranscodeStatus>>(),
  origins: source<Gathered<OriginStatus>>(),
  sessions: source<RunningSession[]>(),
};

// The time by which ages are told.
export const now = signal(Date.now());
// Grows whenever the histories have.
export const round = signal(0);

// Figures by `host/channel/preference`.
export const bitrates = new History();
export const continuityErrors = new History();
// Milliseconds by `host/channel`.
export const delays = new History();
// Sessions in all, under the empty key.
export const viewers = new History();

export const inputKey = (host: string, channel: string, preference: number) =>
  `${host}/${channel}/${preference}`;

async function refresh<T>(path: string, { value, at, problem }: Source<T>): Promise<void> {
  try {
    const answer = await ask<T>(path);
    batch(() => {
      value.value = answer;
      at.value = Date.now();
      problem.value = null;
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    problem.value = error.message;
  }
}

// One round of questions; also after a change, so that it shows at once.
export async function refreshAll(): Promise<void> {
  await Promise.all([
    refresh("/admin/v1/channels", fleet.channels),
    refresh("/admin/v1/inputs", fleet.inputs),
    refresh("/admin/v1/transcoders", fleet.transcoders),
    refresh("/admin/v1/origins", fleet.origins),
    refresh("/admin/v1/sessions", fleet.sessions),
  ]);
  batch(() => {
    remember();
    now.value = Date.now();
    round.value++;
  });
}

function remember(): void {
  const inputs = (fleet.inputs.value.value ?? []).flatMap((peer) =>
    isSilent(peer) ? [] : peer.inputs.map((input) => ({ host: peer.host, input })),
  );
  const key = ({ host, input }: (typeof inputs)[number]) => inputKey(host, input.channel, input.preference);
  bitrates.add(new Map(inputs.map((each) => [key(each), each.input.bitrate])));
  continuityErrors.add(new Map(inputs.map((each) => [key(each), each.input.continuity_errors])));
  const transcoded = (fleet.transcoders.value.value ?? []).flatMap((peer) =>
    isSilent(peer) ? [] : peer.channels.map((health) => ({ host: peer.host, health })),
  );
  delays.add(
    new Map(transcoded.map(({ host, health }) => [`${host}/${health.channel}`, health.delay_ms ?? 0])),
  );
  viewers.add(new Map([["", fleet.sessions.value.value?.length ?? 0]]));
}

// Asks for as long as somebody is signed in and the tab can be seen.
export function followFleet(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  const tick = async () => {
    clearTimeout(timer);
    if (isAsking || document.hidden || token.value === "") return;
    isAsking = true;
    try {
      await refreshAll();
    } finally {
      isAsking = false;
      timer = setTimeout(() => void tick(), EVERY_MS);
    }
  };
  effect(() => {
    if (token.value !== "") queueMicrotask(() => void tick());
  });
  document.addEventListener("visibilitychange", () => void tick());
  // Ages grow also while nothing answers.
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1_000);
}
