// What the viewer does, whether by key, finger or mouse, and what of the screen is awake for it.
import { batch, computed, effect, signal } from "@preact/signals";
import { who } from "../shared/session/session";
import type { LineUpEntry } from "../shared/wire";
import { lockOf } from "./household";
import { channels, followLineUp, reachable } from "./lineup";
import { NumberEntry } from "./number-entry";
import { prepareEngine } from "./player/engine";
import { Tuner } from "./player/tuner";
import { settings } from "./settings";
import { byId, byNumber, channelOfPath, neighbour, pathOfChannel } from "./zapping";

// Controls stay for this long after the last sign of life.
const AWAKE_MS = 3_500;
// Sound switched on again after it was turned down to nothing.
const VOLUME_AFTER_SILENCE = 0.5;

export const video = createVideo();
export const tuner = new Tuner(video, async (channel) => {
  await followLineUp();
  return byId(channels.value ?? [], channel)?.on_air ?? true;
});

export const current = computed<LineUpEntry | undefined>(() =>
  byId(channels.value ?? [], tuner.channel.value),
);
export const listOpen = signal(true);
export const openMenu = signal<"quality" | "audio" | null>(null);
export const typedNumber = signal("");
// A number that no channel has, for a moment.
export const wrongNumber = signal<number | null>(null);
const active = signal(true);

// The controls may hide only over a picture that moves.
export const awake = computed(
  () => active.value || openMenu.value !== null || tuner.phase.value.kind !== "playing",
);

export const numberEntry = new NumberEntry({
  shown: (digits) => {
    typedNumber.value = digits;
  },
  committed: (number) => {
    const channel = byNumber(channels.value ?? [], number);
    if (channel) watch(channel.id);
    else showWrongNumber(number);
  },
});

function createVideo(): HTMLVideoElement {
  const element = document.createElement("video");
  element.className = "picture";
  element.dataset.testid = "player";
  element.playsInline = true;
  element.disableRemotePlayback = false;
  return element;
}

export function watch(channel: string): void {
  wake();
  numberEntry.cancel();
  const path = pathOfChannel(channel);
  // One entry in the browser's history for a whole evening of zapping.
  if (channelOfPath(location.pathname) === null) history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  settings.channel.value = channel;
  tuner.tune(channel);
}

export function zap(steps: number): void {
  // Past what is locked, as past what is off air.
  const open = (channels.value ?? []).filter(({ id }) => lockOf(id) === null || id === tuner.channel.value);
  const next = neighbour(open, tuner.channel.value, steps);
  if (next) watch(next.id);
}

export function toggleMute(): void {
  wake();
  if (tuner.silenced.value) tuner.silenced.value = false;
  else if (settings.volume.value === 0) setVolume(VOLUME_AFTER_SILENCE);
  else settings.muted.value = !settings.muted.value;
}

export function setVolume(volume: number): void {
  wake();
  batch(() => {
    settings.volume.value = Math.min(Math.max(volume, 0), 1);
    settings.muted.value = settings.volume.value === 0;
    tuner.silenced.value = false;
  });
}

export function toggleList(): void {
  wake();
  listOpen.value = !listOpen.value;
}

let sleepTimer: ReturnType<typeof setTimeout> | undefined;

export function wake(): void {
  active.value = true;
  clearTimeout(sleepTimer);
  sleepTimer = setTimeout(sleep, AWAKE_MS);
}

export function sleep(): void {
  clearTimeout(sleepTimer);
  active.value = false;
  if (!awake.value) listOpen.value = false;
}

let wrongTimer: ReturnType<typeof setTimeout> | undefined;

function showWrongNumber(number: number): void {
  wrongNumber.value = number;
  clearTimeout(wrongTimer);
  wrongTimer = setTimeout(() => {
    wrongNumber.value = null;
  }, 2_000);
}

// Puts the screen where the address says; at the bare address, where the viewer was last.
function followAddress(resume: boolean): void {
  const known = channels.value ?? [];
  const wanted = channelOfPath(location.pathname);
  if (wanted !== null) {
    if (byId(known, wanted)) watch(wanted);
    else tuner.refuse({ kind: "unknown" });
    return;
  }
  const last = byId(known, settings.channel.value);
  if (resume && last) watch(last.id);
  else tuner.stop();
}

// Once, when the page is up.
export function start(): void {
  prepareEngine(video);
  addEventListener("popstate", () => followAddress(false));
  let isFirst = true;
  effect(() => {
    const known = channels.value;
    if (known === null) return;
    if (isFirst) queueMicrotask(() => followAddress(true));
    isFirst = false;
  });
  effect(() => {
    // The server is back: no need to wait for the next try.
    const phase = tuner.phase.peek();
    const isCutOff = phase.kind === "failed" && phase.failure.kind === "unreachable";
    if (reachable.value && isCutOff) queueMicrotask(() => tuner.retry());
  });
  effect(() => {
    // Somebody has logged in, in this tab or another.
    const phase = tuner.phase.peek();
    if (who.value !== null && phase.kind === "failed" && phase.failure.kind === "log_in") {
      queueMicrotask(() => tuner.retry());
    }
  });
  effect(() => {
    const name = current.value?.name;
    document.title = name === undefined ? "Funkturm" : `${name} · Funkturm`;
    tellSystem(name);
  });
  // Whatever else wakes the controls, a new phase starts their time anew.
  effect(() => {
    if (tuner.phase.value.kind === "playing") queueMicrotask(wake);
  });
}

// The keys on headphones and the system's own media display.
function tellSystem(name: string | undefined): void {
  if (!("mediaSession" in navigator)) return;
  navigator.mediaSession.metadata = name === undefined ? null : new MediaMetadata({ title: name });
  const actions: [MediaSessionAction, () => void][] = [
    ["nexttrack", () => zap(1)],
    ["previoustrack", () => zap(-1)],
  ];
  for (const [action, handler] of actions) {
    navigator.mediaSession.setActionHandler(action, name === undefined ? null : handler);
  }
}
