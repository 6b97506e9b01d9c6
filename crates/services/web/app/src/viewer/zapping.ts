// Which channel comes next: the line-up as a ring in the order of its numbers.
import type { LineUpEntry } from "../shared/wire";

// What may be zapped to: off-air channels stay reachable by click and number, but zapping skips them,
// unless nothing is on air at all.
function ring(channels: readonly LineUpEntry[], current: string | null): readonly LineUpEntry[] {
  const live = channels.filter((channel) => channel.on_air || channel.id === current);
  return live.some((channel) => channel.on_air) ? live : channels;
}

// The channel `steps` up (towards higher numbers) or down from `current`, around the ends. From nowhere, up
// begins at the first channel and down at the last.
export function neighbour(
  channels: readonly LineUpEntry[],
  current: string | null,
  steps: number,
): LineUpEntry | undefined {
  const stations = ring(channels, current);
  if (stations.length === 0) return undefined;
  const at = stations.findIndex((channel) => channel.id === current);
  const from = at >= 0 ? at : steps > 0 ? -1 : 0;
  const index = (((from + steps) % stations.length) + stations.length) % stations.length;
  return stations[index];
}

export function byId(channels: readonly LineUpEntry[], id: string | null): LineUpEntry | undefined {
  return id === null ? undefined : channels.find((channel) => channel.id === id);
}

export function byNumber(channels: readonly LineUpEntry[], number: number): LineUpEntry | undefined {
  return channels.find((channel) => channel.number === number);
}

// `/watch/das-erste` names `das-erste`; every other path names no channel.
export function channelOfPath(path: string): string | null {
  return /^\/watch\/([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\/?$/.exec(path)?.[1] ?? null;
}

export function pathOfChannel(id: string | null): string {
  return id === null ? "/" : `/watch/${id}`;
}
