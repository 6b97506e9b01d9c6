// The overview tells what viewers notice from what merely wants a look.
import { describe, expect, it } from "vitest";
import type { Channel, InputHealth, TranscodeHealth, WindowHealth } from "../shared/wire";
import { type Fleet, pictures, silentPeers } from "./picture";

const channel: Channel = {
  id: "a",
  name: "A",
  number: 1,
  logo_url: null,
  profile: "passthrough",
  redundant: false,
  enabled: true,
  inputs: [{ url: "udp://239.1.1.1:5000" }],
  version: 1,
};

const input: InputHealth = {
  channel: "a",
  preference: 0,
  url: "udp://239.1.1.1:5000",
  state: "active",
  problem: null,
  bitrate: 9e6,
  continuity_errors: 0,
  transport_errors: 0,
  pcr_jitter_ms: 1,
  last_packet_at: null,
  last_picture_at: null,
  epochs: 1,
  last_break: null,
  tracks: [],
  programme: null,
};

const transcode: TranscodeHealth = {
  channel: "a",
  worker: null,
  restarts: 0,
  renditions: [],
  last_segment: 7,
  delay_ms: 400,
  dropped: 0,
  problem: null,
};

const window: WindowHealth = { channel: "a", on_air: true, first: 1, last: 7, seconds: 42, renditions: [] };

const healthy: Fleet = {
  channels: [channel],
  inputs: [{ host: "i", inputs: [input] }],
  transcoders: [{ host: "t", capacity: 100, used: 1, channels: [transcode] }],
  origins: [{ host: "o", bytes: 1, max_bytes: 2, channels: [window] }],
  sessions: [],
};

const only = (change: Partial<Fleet>) => {
  const [picture] = pictures({ ...healthy, ...change });
  if (picture === undefined) throw new Error("no picture");
  return picture;
};

describe("a channel", () => {
  it("is good when every stage is", () => {
    expect(only({}).tone).toBe("good");
    expect(only({}).problems).toEqual([]);
  });

  it("wants a look when it lives on its second input", () => {
    const down: InputHealth = { ...input, state: "down", problem: "no packets for 41 s" };
    const picture = only({ inputs: [{ host: "i", inputs: [{ ...input, preference: 1 }, down] }] });
    expect(picture.input).toMatchObject({ tone: "warn", label: "on input 2" });
    expect(picture.input.on.map(({ health }) => health.preference)).toEqual([0, 1]);
    expect(picture.problems).toEqual(["input 1: no packets for 41 s"]);
  });

  it("wants a look when a redundant one has a single transcoder", () => {
    const picture = only({ channels: [{ ...channel, redundant: true }] });
    expect(picture.transcode).toMatchObject({ tone: "warn", label: "only one of two" });
  });

  it("is bad when any stage has nothing", () => {
    expect(only({ inputs: [] }).tone).toBe("bad");
    expect(only({ transcoders: [] }).transcode.label).toBe("no transcoder");
    expect(only({ origins: [] }).window.label).toBe("off air");
  });

  it("that one of two origins serves wants a look", () => {
    const second = { host: "p", bytes: 0, max_bytes: 2, channels: [{ ...window, on_air: false }] };
    expect(only({ origins: [...healthy.origins, second] }).window).toMatchObject({
      tone: "warn",
      label: "on air at 1 of 2",
    });
  });

  it("that is switched off has no problems", () => {
    const picture = only({ channels: [{ ...channel, enabled: false }], inputs: [], origins: [] });
    expect(picture.tone).toBe("off");
    expect(picture.problems).toEqual([]);
  });

  it("counts its own viewers", () => {
    const session = { session: "s", started_at: "2026-01-01T00:00:00Z" };
    const sessions = ["a", "b", "a"].map((id) => ({ ...session, channel: id }));
    expect(only({ sessions }).viewers).toBe(2);
  });
});

it("peers that do not answer are named and disturb nothing", () => {
  const silent = { host: "i2", problem: "does not answer" };
  const fleet = { ...healthy, inputs: [silent, ...healthy.inputs] };
  expect(silentPeers(fleet)).toEqual([silent]);
  expect(pictures(fleet)[0]?.tone).toBe("good");
});
