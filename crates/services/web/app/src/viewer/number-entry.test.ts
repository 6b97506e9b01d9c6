// A typed number: shown as it grows, taken when it is complete.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMIT_AFTER_MS, NumberEntry } from "./number-entry";

function entry() {
  const shown: string[] = [];
  const committed: number[] = [];
  const number = new NumberEntry({
    shown: (digits) => shown.push(digits),
    committed: (n) => committed.push(n),
  });
  return { number, shown, committed };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("number entry", () => {
  it("takes the number once no more digits come", () => {
    const { number, shown, committed } = entry();
    number.digit("1");
    vi.advanceTimersByTime(COMMIT_AFTER_MS - 1);
    number.digit("2");
    vi.advanceTimersByTime(COMMIT_AFTER_MS - 1);
    expect(committed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(committed).toEqual([12]);
    expect(shown).toEqual(["1", "12", ""]);
  });

  it("takes it at once on Enter, and only once", () => {
    const { number, committed } = entry();
    number.digit("7");
    number.commit();
    number.commit();
    vi.advanceTimersByTime(10 * COMMIT_AFTER_MS);
    expect(committed).toEqual([7]);
  });

  it("reads leading zeros as people mean them", () => {
    const { number, committed } = entry();
    for (const digit of "007") number.digit(digit);
    number.commit();
    expect(committed).toEqual([7]);
  });

  it("begins anew after the longest number", () => {
    const { number, shown } = entry();
    for (const digit of "12345") number.digit(digit);
    expect(shown.at(-1)).toBe("5");
  });

  it("forgets what is erased or cancelled", () => {
    const { number, committed } = entry();
    number.digit("1");
    number.digit("9");
    number.erase();
    number.commit();
    number.digit("3");
    number.cancel();
    vi.advanceTimersByTime(10 * COMMIT_AFTER_MS);
    expect(committed).toEqual([1]);
    expect(number.active).toBe(false);
  });
});
