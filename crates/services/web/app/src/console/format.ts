// Figures as operators read them: three digits, a unit, no more.

export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e9) return `${digits(bitsPerSecond / 1e9)} Gbit/s`;
  if (bitsPerSecond >= 1e6) return `${digits(bitsPerSecond / 1e6)} Mbit/s`;
  if (bitsPerSecond >= 1e3) return `${digits(bitsPerSecond / 1e3)} kbit/s`;
  return `${Math.round(bitsPerSecond)} bit/s`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(value)) : digits(value)} ${units[unit]}`;
}

// `42 s`, `3:05 min`, `2 h 07 min`, `3 d 4 h`.
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  const [minutes, hours, days] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86_400)];
  if (hours < 1) return `${minutes}:${two(s % 60)} min`;
  if (days < 1) return `${hours} h ${two(minutes % 60)} min`;
  return `${days} d ${hours % 24} h`;
}

// How long ago an instant was, as of `now` (milliseconds); less than a second is `now`.
export function ago(instant: string | null, now: number): string {
  if (instant === null) return "never";
  const seconds = (now - Date.parse(instant)) / 1000;
  if (Number.isNaN(seconds)) return "?";
  return seconds < 1 ? "now" : `${duration(seconds)} ago`;
}

// `25 Nov 2026, 17:05`, in the reader's own time zone.
export function instant(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : INSTANT.format(at);
}

const INSTANT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export function milliseconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${digits(ms / 1000)} s`;
}

export function count(n: number): string {
  return n.toLocaleString("en");
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function digits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
