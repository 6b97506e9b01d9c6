// The whole chain of every channel in one picture: from its inputs over the transcoders to the windows that
// viewers are served from, and what is wrong on the way.
import type {
  Channel,
  Gathered,
  IngestStatus,
  InputHealth,
  OriginStatus,
  RunningSession,
  TranscodeHealth,
  TranscodeStatus,
  WindowHealth,
} from "../shared/wire";
import { isSilent } from "../shared/wire";

// good: as it should be; warn: works, but somebody should look; bad: viewers notice; off: not wanted.
export type Tone = "good" | "warn" | "bad" | "off";

export interface OnHost<T> {
  host: string;
  health: T;
}

export interface Stage<T> {
  tone: Tone;
  // One to three words.
  label: string;
  on: OnHost<T>[];
}

export interface ChannelPicture {
  channel: Channel;
  tone: Tone;
  input: Stage<InputHealth>;
  transcode: Stage<TranscodeHealth>;
  window: Stage<WindowHealth>;
  viewers: number;
  problems: string[];
}

export interface Fleet {
  channels: readonly Channel[];
  inputs: Gathered<IngestStatus>;
  transcoders: Gathered<TranscodeStatus>;
  origins: Gathered<OriginStatus>;
  sessions: readonly RunningSession[];
}

const ORDER: Tone[] = ["off", "good", "warn", "bad"];

export function worst(...tones: Tone[]): Tone {
  return tones.reduce((a, b) => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b), "off");
}

export function pictures(fleet: Fleet): ChannelPicture[] {
  return fleet.channels.map((channel) => {
    const inputs = collect(fleet.inputs, (peer) => peer.inputs, channel.id);
    const transcodes = collect(fleet.transcoders, (peer) => peer.channels, channel.id);
    const windows = collect(fleet.origins, (peer) => peer.channels, channel.id);
    const input = inputStage(channel, inputs);
    const transcode = transcodeStage(channel, transcodes);
    const window = windowStage(channel, windows);
    return {
      channel,
      tone: worst(input.tone, transcode.tone, window.tone),
      input,
      transcode,
      window,
      viewers: fleet.sessions.filter((session) => session.channel === channel.id).length,
      problems: channel.enabled ? problemsOf(inputs, transcodes) : [],
    };
  });
}

// Peers that did not answer, as `host: problem`.
export function silentPeers(fleet: Fleet): { host: string; problem: string }[] {
  return [...fleet.inputs, ...fleet.transcoders, ...fleet.origins].filter(isSilent);
}

function collect<P extends { host: string }, T extends { channel: string }>(
  peers: Gathered<P>,
  list: (peer: P) => T[],
  channel: string,
): OnHost<T>[] {
  return peers.flatMap((peer) =>
    isSilent(peer)
      ? []
      : list(peer)
          .filter((health) => health.channel === channel)
          .map((health) => ({ host: peer.host, health })),
  );
}

function inputStage(channel: Channel, all: OnHost<InputHealth>[]): Stage<InputHealth> {
  const on = [...all].sort((a, b) => a.health.preference - b.health.preference);
  if (!channel.enabled) return { tone: "off", label: "switched off", on };
  const active = on.find(({ health }) => health.state === "active");
  if (on.length === 0) return { tone: "bad", label: "nobody receives it", on };
  if (active === undefined) return { tone: "bad", label: "no signal", on };
  if (active.health.preference > 0) {
    return { tone: "warn", label: `on input ${active.health.preference + 1}`, on };
  }
  if (on.some(({ health }) => health.state === "down")) return { tone: "warn", label: "no reserve", on };
  return { tone: "good", label: "active", on };
}

function transcodeStage(channel: Channel, on: OnHost<TranscodeHealth>[]): Stage<TranscodeHealth> {
  if (!channel.enabled) return { tone: "off", label: "switched off", on };
  if (on.length === 0) return { tone: "bad", label: "no transcoder", on };
  if (on.every(({ health }) => health.last_segment === null)) return { tone: "bad", label: "no output", on };
  if (channel.redundant && on.length < 2) return { tone: "warn", label: "only one of two", on };
  if (on.some(({ health }) => health.problem !== null)) return { tone: "warn", label: "has a problem", on };
  return { tone: "good", label: on.length > 1 ? `${on.length} at work` : "at work", on };
}

function windowStage(channel: Channel, on: OnHost<WindowHealth>[]): Stage<WindowHealth> {
  if (!channel.enabled) return { tone: "off", label: "switched off", on };
  const live = on.filter(({ health }) => health.on_air).length;
  if (live === 0) return { tone: "bad", label: "off air", on };
  if (live < on.length) return { tone: "warn", label: `on air at ${live} of ${on.length}`, on };
  return { tone: "good", label: "on air", on };
}

function problemsOf(inputs: OnHost<InputHealth>[], transcodes: OnHost<TranscodeHealth>[]): string[] {
  return [
    ...inputs.map(({ health }) => health.problem && `input ${health.preference + 1}: ${health.problem}`),
    ...transcodes.map(({ host, health }) => health.problem && `${host}: ${health.problem}`),
  ].filter((problem): problem is string => typeof problem === "string");
}
