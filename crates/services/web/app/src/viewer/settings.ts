// What this browser remembers: last channel, volume, language, quality, and how fast the line was.
import { effect, type Signal, signal } from "@preact/signals";

function remembered<T>(key: string, initial: T, isValid: (value: unknown) => value is T): Signal<T> {
  const name = `funkturm.${key}`;
  const value = signal<T>(read(name, initial, isValid));
  effect(() => {
    try {
      localStorage.setItem(name, JSON.stringify(value.value));
    } catch {
      // Storage is full or forbidden: then it is remembered until the page closes.
    }
  });
  return value;
}

function read<T>(name: string, initial: T, isValid: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(name) ?? "null");
    return isValid(value) ? value : initial;
  } catch {
    return initial;
  }
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
const isShare = (value: unknown): value is number => isNumber(value) && value >= 0 && value <= 1;

export const settings = {
  // The id of the channel that was watched last; empty: none yet.
  channel: remembered("channel", "", isText),
  volume: remembered("volume", 1, isShare),
  muted: remembered("muted", false, isFlag),
  // The language of the audio track that was chosen by hand; empty: each channel's own first track.
  audioLanguage: remembered("audio_language", "", isText),
  // The height of the quality that was chosen by hand; 0: automatic.
  qualityHeight: remembered("quality_height", 0, isNumber),
  // Bits per second that the line carried lately; 0: not known.
  lineSpeed: remembered("line_speed", 0, isNumber),
};
