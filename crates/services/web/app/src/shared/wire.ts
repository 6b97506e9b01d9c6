// What the services send and take: the JSON of crates/contracts (channel, health, playback).

export interface LineUpEntry {
  id: string;
  number: number;
  name: string;
  logo_url: string | null;
  on_air: boolean;
  actions: string[];
}

export interface LineUp {
  channels: LineUpEntry[];
}

export interface Playback {
  session: string;
  url: string;
  expires_at: string;
  heartbeat_seconds: number;
}

export type Profile = "passthrough" | "full_hd" | "hd" | "sd";

export interface Input {
  url: string;
  programme?: number;
}

export interface Channel {
  id: string;
  name: string;
  number: number;
  logo_url: string | null;
  profile: Profile;
  redundant: boolean;
  enabled: boolean;
  inputs: Input[];
  version: number;
}

export interface ChannelList {
  version: number;
  channels: Channel[];
}

export interface NewChannel {
  name: string;
  number?: number;
  logo_url?: string;
  profile: Profile;
  redundant: boolean;
  inputs: Input[];
}

export type ChannelChange = Partial<
  Pick<Channel, "name" | "number" | "profile" | "redundant" | "enabled" | "inputs">
> & { logo_url?: string };

export type InputState = "active" | "standby" | "recovering" | "down";

export interface InputHealth {
  channel: string;
  preference: number;
  url: string;
  state: InputState;
  problem: string | null;
  bitrate: number;
  continuity_errors: number;
  transport_errors: number;
  pcr_jitter_ms: number;
  last_packet_at: string | null;
  last_picture_at: string | null;
  epochs: number;
  last_break: string | null;
  tracks: string[];
  programme: string | null;
}

export interface IngestStatus {
  host: string;
  inputs: InputHealth[];
}

export interface TranscodeHealth {
  channel: string;
  worker: number | null;
  restarts: number;
  renditions: string[];
  last_segment: number | null;
  delay_ms: number | null;
  dropped: number;
  problem: string | null;
}

export interface TranscodeStatus {
  host: string;
  capacity: number;
  used: number;
  channels: TranscodeHealth[];
}

export interface RenditionHealth {
  name: string;
  description: string;
  codecs: string;
  bandwidth: number;
  average_bandwidth: number;
}

export interface WindowHealth {
  channel: string;
  on_air: boolean;
  first: number;
  last: number;
  seconds: number;
  renditions: RenditionHealth[];
}

export interface OriginStatus {
  host: string;
  bytes: number;
  max_bytes: number;
  channels: WindowHealth[];
}

export interface RunningSession {
  session: string;
  channel: string;
  started_at: string;
  // None in an open house.
  household?: string | null;
  device?: string | null;
}

// A peer that did not answer stands in the list of its kind as an entry of its own.
export interface SilentPeer {
  host: string;
  problem: string;
}

export type Gathered<T> = (T | SilentPeer)[];

export function isSilent(peer: object): peer is SilentPeer {
  return "problem" in peer;
}
