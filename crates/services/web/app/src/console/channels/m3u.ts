// Reads line-ups as operators have them: M3U with the attributes that headends, Tvheadend and IPTV tools write.
import type { Channel, Input } from "../../shared/wire";

export interface M3uEntry {
  name: string;
  number: number | null;
  logo: string | null;
  // Several entries of one name are one channel with its inputs in the order of the file.
  inputs: Input[];
}

// What would become of an entry.
export type Verdict =
  | { kind: "new" }
  // A channel has one of these inputs already.
  | { kind: "known"; channel: Channel }
  // The name is free, but the number is not; the next free one is taken instead.
  | { kind: "renumbered"; taken: number };

// All entries that have an address, and the lines that could not be understood.
export function parseM3u(text: string): { entries: M3uEntry[]; refused: { line: number; text: string }[] } {
  const entries: M3uEntry[] = [];
  const refused: { line: number; text: string }[] = [];
  let next = blank();
  for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.replace(/^\uFEFF/, "").trim();
    if (line.startsWith("#EXTINF:")) next = { ...next, ...readInfo(line) };
    else if (line.startsWith("#EXTVLCOPT:")) next = { ...next, ...readOption(line) };
    else if (line === "" || line.startsWith("#")) continue;
    else {
      const url = inputUrl(line);
      if (url === null) refused.push({ line: i + 1, text: line });
      else add(entries, next, url);
      next = blank();
    }
  }
  return { entries, refused };
}

interface Pending {
  name: string;
  number: number | null;
  logo: string | null;
  programme: number | null;
}

const blank = (): Pending => ({ name: "", number: null, logo: null, programme: null });

function readInfo(line: string): Partial<Pending> {
  const attributes = new Map<string, string>();
  // The name follows the first comma that is not inside an attribute's quotes.
  const rest = line
    .slice("#EXTINF:".length)
    .replace(/([\w-]+)="([^"]*)"/g, (_, key: string, value: string) => {
      attributes.set(key.toLowerCase(), value);
      return "";
    });
  const comma = rest.indexOf(",");
  const title = comma < 0 ? "" : rest.slice(comma + 1).trim();
  const number = Number.parseInt(attributes.get("tvg-chno") ?? attributes.get("channel-number") ?? "", 10);
  return {
    name: title || attributes.get("tvg-name") || attributes.get("tvg-id") || "",
    number: number > 0 ? number : null,
    logo: attributes.get("tvg-logo") || null,
  };
}

function readOption(line: string): Partial<Pending> {
  const programme = /^#EXTVLCOPT:program=(\d+)$/.exec(line)?.[1];
  return programme === undefined ? {} : { programme: Number.parseInt(programme, 10) };
}

const SCHEMES = new Set(["udp:", "rtp:", "srt:", "http:", "https:", "file:"]);

// An address as our inputs have it: players write an `@` before the multicast group.
function inputUrl(line: string): string | null {
  const url = line.replace(/^(udp|rtp):\/\/@/, "$1://");
  try {
    return SCHEMES.has(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

function add(entries: M3uEntry[], next: Pending, url: string): void {
  const input: Input = next.programme === null ? { url } : { url, programme: next.programme };
  const name = next.name || new URL(url).host || url;
  const known = entries.find((entry) => entry.name === name);
  if (known) known.inputs.push(input);
  else entries.push({ name, number: next.number, logo: next.logo, inputs: [input] });
}

// Judges all entries against the line-up and against each other.
export function judge(entries: readonly M3uEntry[], channels: readonly Channel[]): Verdict[] {
  const taken = new Set(channels.map((channel) => channel.number));
  return entries.map((entry): Verdict => {
    const channel = channels.find((each) =>
      each.inputs.some((input) => entry.inputs.some((e) => isSame(e, input))),
    );
    if (channel) return { kind: "known", channel };
    if (entry.number === null) return { kind: "new" };
    if (taken.has(entry.number)) return { kind: "renumbered", taken: entry.number };
    taken.add(entry.number);
    return { kind: "new" };
  });
}

function isSame(a: Input, b: Input): boolean {
  return a.url === b.url && (a.programme ?? null) === (b.programme ?? null);
}
