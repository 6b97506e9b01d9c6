// The keyboard as a remote control.
import {
  listOpen,
  numberEntry,
  openMenu,
  setVolume,
  sleep,
  toggleList,
  toggleMute,
  tuner,
  video,
  wake,
  zap,
} from "./control";
import { toggleFullscreen, togglePictureInPicture } from "./screen";
import { settings } from "./settings";

const VOLUME_STEP = 0.05;

// Up is "P+", as on every remote control; with the focus in the list the arrows move there instead.
const KEYS: Record<string, () => void> = {
  ArrowUp: () => zap(1),
  ArrowDown: () => zap(-1),
  PageUp: () => zap(1),
  PageDown: () => zap(-1),
  ChannelUp: () => zap(1),
  ChannelDown: () => zap(-1),
  ArrowRight: () => setVolume(settings.volume.value + VOLUME_STEP),
  ArrowLeft: () => setVolume(settings.volume.value - VOLUME_STEP),
  Enter: () => numberEntry.commit(),
  Backspace: () => numberEntry.erase(),
  Escape: close,
  " ": () => tuner.togglePause(),
  f: toggleFullscreen,
  l: focusList,
  m: toggleMute,
  p: () => togglePictureInPicture(video),
};

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (/^[0-9]$/.test(key)) {
      wake();
      numberEntry.digit(key);
      return;
    }
    const action = KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (action === undefined || isMeantForTarget(event)) return;
    event.preventDefault();
    action();
  });
}

// A focused control keeps the keys that it knows itself, a number being typed comes before all of them.
function isMeantForTarget({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === "Enter") return !numberEntry.active;
  if (key === "Backspace") return !numberEntry.active;
  if (target instanceof HTMLInputElement) return key.startsWith("Arrow");
  return key === " " && target.closest("button, a") !== null;
}

function close(): void {
  if (numberEntry.active) numberEntry.cancel();
  else if (openMenu.value !== null) openMenu.value = null;
  else if (listOpen.value) listOpen.value = false;
  else sleep();
}

// The list by key is for keys: the focus goes to what is on.
function focusList(): void {
  toggleList();
  if (!listOpen.value) return;
  requestAnimationFrame(() => {
    const rows = document.querySelectorAll<HTMLElement>(".row");
    const chosen = document.querySelector<HTMLElement>('.row[aria-current="true"]');
    (chosen ?? rows[0])?.focus();
  });
}
