// Choosing packages: what counts as chosen, and what a choice would change.
import { describe, expect, it } from "vitest";
import type { Package, Plan, Subscription } from "../../shared/household";
import { type Choice, choiceOf, differenceOf, priceOf } from "./offer";

const text = (name: string) => ({ de: name, en: name });
const plan = (id: string, cents = 999): Plan => ({
  id,
  name: text(id),
  cents,
  currency: "EUR",
  period: "month",
  trial_days: 0,
});
const pack = (id: string, kind: Package["kind"], plans: Plan[]): Package => ({
  id,
  name: text(id),
  description: text(""),
  kind,
  streams: 2,
  plans,
});
const packages = [
  pack("basic", "base", [plan("basic-month", 0)]),
  pack("plus", "base", [plan("plus-month"), plan("plus-year")]),
  pack("sport", "option", [plan("sport-month")]),
];
const has = (name: string, plan: string | null, state: Subscription["state"] = "active"): Subscription => ({
  id: name,
  package: name,
  plan,
  state,
  since: "2026-11-25T17:00:00Z",
});
const choice = (plan: string | null, ...options: string[]): Choice => ({ plan, options: new Set(options) });
const ids = (items: { plan: Plan }[]) => items.map((item) => item.plan.id);

describe("what is chosen", () => {
  it("is what the household pays for, on trial and paused too", () => {
    const own = [has("plus", "plus-year", "trial"), has("sport", "sport-month", "paused")];
    expect(choiceOf(packages, own)).toEqual(choice("plus-year", "sport-month"));
  });

  it("is not what was given away, nor what ends", () => {
    const own = [
      has("sport", null),
      has("plus", "plus-month", "ends_at"),
      has("basic", "basic-month", "ended"),
    ];
    expect(choiceOf(packages, own)).toEqual(choice(null));
  });

  it("is not what is not sold any more", () => {
    expect(choiceOf(packages, [has("old", "old-month")])).toEqual(choice(null));
  });
});

describe("a difference", () => {
  it("is nothing as long as nothing is touched", () => {
    const same = differenceOf(
      packages,
      choice("plus-month", "sport-month"),
      choice("plus-month", "sport-month"),
    );
    expect(same).toEqual({ begins: [], ends: [] });
  });

  it("names what begins and what ends", () => {
    const { begins, ends } = differenceOf(
      packages,
      choice("basic-month", "sport-month"),
      choice("plus-year"),
    );
    expect(ids(begins)).toEqual(["plus-year"]);
    expect(ids(ends)).toEqual(["basic-month", "sport-month"]);
  });
});

it("prices are written as the reader writes them", () => {
  const spaces = (price: string) => price.replace(/\s/gu, " ");
  expect(spaces(priceOf(plan("a"), "de", "kostenlos"))).toBe("9,99 €");
  expect(priceOf(plan("a"), "en", "free")).toBe("€9.99");
  expect(priceOf(plan("a", 0), "en", "free")).toBe("free");
  expect(spaces(priceOf({ ...plan("a", 500), currency: "JPY" }, "en", "free"))).toBe("¥500");
});
