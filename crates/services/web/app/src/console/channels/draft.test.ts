// What is sent is what was changed, and no more.
import { expect, it } from "vitest";
import type { Channel } from "../../shared/wire";
import { changeOf, draftOf, moved, newChannelOf } from "./draft";

const channel: Channel = {
  id: "a",
  name: "A",
  number: 1,
  logo_url: null,
  profile: "hd",
  redundant: false,
  enabled: true,
  inputs: [{ url: "udp://239.1.1.1:5000", programme: 3 }, { url: "srt://h:1" }],
  version: 4,
};

it("an untouched draft changes nothing", () => {
  expect(changeOf(channel, draftOf(channel))).toEqual({});
});

it("only what differs is sent", () => {
  const draft = { ...draftOf(channel), name: " B ", enabled: false };
  expect(changeOf(channel, draft)).toEqual({ name: "B", enabled: false });
});

it("a new order of the inputs is a change", () => {
  const draft = draftOf(channel);
  expect(changeOf(channel, { ...draft, inputs: moved(draft.inputs, 1, -1) })).toEqual({
    inputs: [{ url: "srt://h:1" }, { url: "udp://239.1.1.1:5000", programme: 3 }],
  });
});

it("a new channel leaves out what was not said", () => {
  const draft = {
    ...draftOf(null),
    name: "Neu",
    inputs: [
      { url: " udp://x:1 ", programme: "" },
      { url: "", programme: "" },
    ],
  };
  expect(newChannelOf(draft)).toEqual({
    name: "Neu",
    profile: "passthrough",
    redundant: false,
    inputs: [{ url: "udp://x:1" }],
  });
});

it("moving stops at the ends", () => {
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});
