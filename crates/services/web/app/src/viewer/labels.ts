// How qualities and audio tracks are called on the screen.

export interface QualityFacts {
  height: number;
  bitrate: number;
  frameRate: number;
}

// `1080p`, `720p50`; with the bit rate where two would read alike; audio only by its bit rate.
export function qualityLabels(qualities: readonly QualityFacts[]): string[] {
  const plain = qualities.map(plainQuality);
  return qualities.map((quality, i) => {
    const label = plain[i] ?? "";
    const isAlone = plain.indexOf(label) === plain.lastIndexOf(label);
    return isAlone ? label : `${label} · ${megabits(quality.bitrate)}`;
  });
}

function plainQuality({ height, frameRate, bitrate }: QualityFacts): string {
  if (height === 0) return megabits(bitrate);
  return `${height}p${frameRate > 30 ? Math.round(frameRate) : ""}`;
}

function megabits(bitrate: number): string {
  return bitrate < 1_000_000
    ? `${Math.round(bitrate / 1000)} kbit/s`
    : `${(bitrate / 1e6).toFixed(1)} Mbit/s`;
}

// The quality that a viewer who once chose `height` gets on another channel: the best one not above it,
// else the lowest there is; null means automatic.
export function qualityForHeight(qualities: readonly QualityFacts[], height: number | null): number | null {
  if (height === null || qualities.length === 0) return null;
  const order = qualities.map((_, i) => i).sort((a, b) => rank(qualities[b]) - rank(qualities[a]));
  return order.find((i) => (qualities[i]?.height ?? 0) <= height) ?? order.at(-1) ?? null;
}

function rank(quality: QualityFacts | undefined): number {
  return quality ? quality.height * 1e9 + quality.bitrate : 0;
}

export interface AudioFacts {
  language: string;
  name: string;
  describes: boolean;
}

// ISO 639-2 codes that broadcasters use with a meaning of their own, or for no language at all.
const ORIGINAL = new Set(["qaa"]);
const NO_LANGUAGE = new Set(["", "und", "mis", "mul", "zxx", "nar", "qad", "qks"]);

export interface AudioWords {
  locale: string;
  original: string;
  audioDescription: string;
  track: (n: number) => string;
}

// `Deutsch`, `English`, `Deutsch · Audio description`; the track's own name tells apart what would read alike.
export function audioLabels(tracks: readonly AudioFacts[], words: AudioWords): string[] {
  const plain = tracks.map((track, i) => plainAudio(track, i, words));
  return tracks.map((track, i) => {
    const label = plain[i] ?? "";
    if (plain.indexOf(label) === plain.lastIndexOf(label)) return label;
    const own = track.name.trim();
    return own !== "" && own !== track.language ? `${label} · ${own}` : `${label} · ${words.track(i + 1)}`;
  });
}

function plainAudio(track: AudioFacts, i: number, words: AudioWords): string {
  const language = languageName(track.language, words);
  const base = language ?? (track.name.trim() || words.track(i + 1));
  return track.describes ? `${base} · ${words.audioDescription}` : base;
}

function languageName(code: string, words: AudioWords): string | null {
  const plain = code.toLowerCase();
  if (ORIGINAL.has(plain)) return words.original;
  if (NO_LANGUAGE.has(plain)) return null;
  try {
    const name = new Intl.DisplayNames([words.locale], { type: "language", fallback: "none" }).of(plain);
    return name ? name.charAt(0).toLocaleUpperCase(words.locale) + name.slice(1) : null;
  } catch {
    // Not shaped like a language code.
    return null;
  }
}
