// A channel while it is being edited, and what must be sent to make it so.
import type { Channel, ChannelChange, Input, NewChannel, Profile } from "../../shared/wire";

export const PROFILES: Record<Profile, string> = {
  passthrough: "Passthrough",
  full_hd: "Ladder from 1080p",
  hd: "Ladder from 720p",
  sd: "Ladder from 576p",
};

export interface Draft {
  name: string;
  // As typed; empty: the next free one.
  number: string;
  profile: Profile;
  redundant: boolean;
  enabled: boolean;
  inputs: { url: string; programme: string }[];
}

export function draftOf(channel: Channel | null): Draft {
  if (channel === null) {
    return {
      name: "",
      number: "",
      profile: "passthrough",
      redundant: false,
      enabled: true,
      inputs: [{ url: "", programme: "" }],
    };
  }
  const { name, number, profile, redundant, enabled } = channel;
  const inputs = channel.inputs.map(({ url, programme }) => ({
    url,
    programme: programme?.toString() ?? "",
  }));
  return { name, number: String(number), profile, redundant, enabled, inputs };
}

// Inputs without an address are not meant.
export function inputsOf(draft: Draft): Input[] {
  return draft.inputs
    .filter(({ url }) => url.trim() !== "")
    .map(({ url, programme }) => {
      const number = Number.parseInt(programme, 10);
      return Number.isNaN(number) ? { url: url.trim() } : { url: url.trim(), programme: number };
    });
}

export function newChannelOf(draft: Draft): NewChannel {
  const number = Number.parseInt(draft.number, 10);
  return {
    name: draft.name.trim(),
    ...(Number.isNaN(number) ? {} : { number }),
    profile: draft.profile,
    redundant: draft.redundant,
    inputs: inputsOf(draft),
  };
}

// Only what differs, so that two operators who change different things do not undo each other.
export function changeOf(channel: Channel, draft: Draft): ChannelChange {
  const change: ChannelChange = {};
  const name = draft.name.trim();
  const number = Number.parseInt(draft.number, 10);
  const inputs = inputsOf(draft);
  if (name !== channel.name) change.name = name;
  if (!Number.isNaN(number) && number !== channel.number) change.number = number;
  if (draft.profile !== channel.profile) change.profile = draft.profile;
  if (draft.redundant !== channel.redundant) change.redundant = draft.redundant;
  if (draft.enabled !== channel.enabled) change.enabled = draft.enabled;
  if (JSON.stringify(inputs) !== JSON.stringify(inputsOf(draftOf(channel)))) change.inputs = inputs;
  return change;
}

// `items` with the one at `from` moved by `steps`; unchanged at the ends.
export function moved<T>(items: readonly T[], from: number, steps: number): T[] {
  const to = from + steps;
  const copy = [...items];
  if (to < 0 || to >= items.length) return copy;
  copy.splice(to, 0, ...copy.splice(from, 1));
  return copy;
}
