// The last minutes of a figure.
import { expect, it } from "vitest";
import { History, KEPT } from "./history";

it("keeps the newest figures and forgets who is gone", () => {
  const history = new History();
  for (let i = 0; i < KEPT + 5; i++) history.add(new Map([["a", i]]));
  expect(history.of("a")).toHaveLength(KEPT);
  expect(history.of("a").at(-1)).toBe(KEPT + 4);
  history.add(new Map([["b", 1]]));
  expect(history.of("a")).toEqual([]);
});

it("adds up the growth of a counter across restarts of its service", () => {
  const history = new History();
  for (const n of [10, 12, 0, 3]) history.add(new Map([["cc", n]]));
  expect(history.growth("cc")).toBe(5);
  expect(history.growth("unknown")).toBe(0);
});
