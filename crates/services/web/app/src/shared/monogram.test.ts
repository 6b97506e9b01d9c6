// What stands for a channel without a logo.
import { expect, it } from "vitest";
import { hueOf, monogram } from "./monogram";

it("makes a few telling letters of every name", () => {
  const names: Record<string, string> = {
    "Das Erste HD": "DE",
    ZDF: "ZDF",
    arte: "Ar",
    ARTE: "ARTE",
    Phoenix: "Ph",
    "Kanal 3": "K3",
    "BR Fernsehen Süd": "BFS",
    "Öko+ TV": "ÖT",
    HD: "HD",
    "…": "?",
    "": "?",
  };
  for (const [name, letters] of Object.entries(names)) expect(monogram(name)).toBe(letters);
});

it("keeps a channel's colour, and gives neighbours different ones", () => {
  expect(hueOf("kanal-1")).toBe(hueOf("kanal-1"));
  const hues = [1, 2, 3, 4, 5].map((n) => hueOf(`kanal-${n}`));
  expect(new Set(hues).size).toBe(5);
  for (const hue of hues) expect(hue).toBeGreaterThanOrEqual(0);
  for (const hue of hues) expect(hue).toBeLessThan(360);
});
