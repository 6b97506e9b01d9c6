// @vitest-environment happy-dom
// How packages, licences and questions about them are written.
import { expect, it } from "vitest";
import { explainPath } from "../households/explain";
import { price, scopeOf, spanOf } from "./offer";
import { parseOffer } from "./offer-editor";

it("says which channels a row is for, and when", () => {
  expect(scopeOf({ every_channel: true, channels: ["a"] })).toEqual(["every channel"]);
  expect(scopeOf({ channels: ["a"], groups: ["sport"] })).toEqual(["group sport", "a"]);
  expect(spanOf({})).toBe("");
  expect(spanOf({ until: "2026-12-31T12:00:00Z", hours: { from: "20:00", until: "06:00" } })).toMatch(
    /^until 31 Dec 2026, \d\d:00, 20:00–06:00$/,
  );
});

it("writes prices by their currency", () => {
  expect(price(999, "EUR", "month")).toBe("€9.99 a month");
  expect(price(500, "JPY", "year")).toBe("¥500 a year");
  expect(price(0, "EUR", "month")).toBe("free");
});

it("asks why only when there is a channel to ask about", () => {
  const question = { channel: "", action: "live", child: false, abroad: false };
  expect(explainPath("h", question)).toBeNull();
  expect(explainPath("h", { ...question, channel: "films", child: true })).toBe(
    "/admin/v1/rights/h/explain?channel=films&action=live&child=true",
  );
});

it("takes only a document for an offer", () => {
  expect(parseOffer('{"packages":[]}')).toEqual({ offer: { packages: [] } });
  for (const text of ["", "{", "[]", "null", "7"]) expect(parseOffer(text)).toHaveProperty("problem");
});
