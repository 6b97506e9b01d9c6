// Which channel comes next, and which one an address names.
import { describe, expect, it } from "vitest";
import type { LineUpEntry } from "../shared/wire";
import { byNumber, channelOfPath, neighbour, pathOfChannel } from "./zapping";

const entry = (id: string, number: number, on_air = true): LineUpEntry => ({
  id,
  number,
  name: id,
  logo_url: null,
  on_air,
  actions: ["live"],
});

const lineUp = [entry("a", 1), entry("b", 2, false), entry("c", 3), entry("d", 10)];
const next = (id: string | null, steps: number) => neighbour(lineUp, id, steps)?.id;

describe("zapping", () => {
  it("goes around the ends", () => {
    expect(next("d", 1)).toBe("a");
    expect(next("a", -1)).toBe("d");
  });

  it("skips what is off air", () => {
    expect(next("a", 1)).toBe("c");
    expect(next("c", -1)).toBe("a");
  });

  it("leaves a channel that went off air by its neighbours", () => {
    expect(next("b", 1)).toBe("c");
    expect(next("b", -1)).toBe("a");
  });

  it("visits every channel when none is on air", () => {
    const dark = lineUp.map((channel) => ({ ...channel, on_air: false }));
    expect(neighbour(dark, "a", 1)?.id).toBe("b");
  });

  it("begins at either end when nothing is on", () => {
    expect(next(null, 1)).toBe("a");
    expect(next(null, -1)).toBe("d");
    expect(next("gone", 1)).toBe("a");
  });

  it("has nowhere to go in an empty line-up", () => {
    expect(neighbour([], null, 1)).toBeUndefined();
  });

  it("finds a channel by its number, on air or not", () => {
    expect(byNumber(lineUp, 2)?.id).toBe("b");
    expect(byNumber(lineUp, 4)).toBeUndefined();
  });
});

describe("addresses", () => {
  it("name a channel and lead back to it", () => {
    expect(channelOfPath(pathOfChannel("das-erste"))).toBe("das-erste");
    expect(channelOfPath("/watch/das-erste/")).toBe("das-erste");
    expect(channelOfPath(pathOfChannel(null))).toBeNull();
  });

  it("of any other shape name none", () => {
    for (const path of ["/", "/watch", "/watch/", "/watch/-a", "/watch/A", "/watch/a/b", "/console"]) {
      expect(channelOfPath(path)).toBeNull();
    }
  });
});
