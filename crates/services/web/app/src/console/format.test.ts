// Figures read the same everywhere.
import { expect, it } from "vitest";
import { ago, bitrate, bytes, duration, milliseconds, percent } from "./format";

it("bit rates have three digits and a unit", () => {
  expect([0, 950, 128_000, 9_514_000, 97_600_000, 131e6, 1.5e9].map(bitrate)).toEqual([
    "0 bit/s",
    "950 bit/s",
    "128 kbit/s",
    "9.51 Mbit/s",
    "97.6 Mbit/s",
    "131 Mbit/s",
    "1.50 Gbit/s",
  ]);
});

it("bytes count in powers of 1024", () => {
  expect([0, 1023, 1536, 8 * 2 ** 30].map(bytes)).toEqual(["0 B", "1023 B", "1.50 KiB", "8.00 GiB"]);
});

it("durations grow coarser as they grow", () => {
  expect([-1, 42, 185, 7620, 273_600].map(duration)).toEqual([
    "0 s",
    "42 s",
    "3:05 min",
    "2 h 07 min",
    "3 d 4 h",
  ]);
});

it("ages are told from the instant given", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  expect(ago("2026-01-01T00:00:59.600Z", now)).toBe("now");
  expect(ago("2026-01-01T00:00:00Z", now)).toBe("60 s ago");
  expect(ago(null, now)).toBe("never");
  expect(ago("soon", now)).toBe("?");
});

it("small times and shares", () => {
  expect([412.4, 1830].map(milliseconds)).toEqual(["412 ms", "1.83 s"]);
  expect(percent(0.333)).toBe("33 %");
});
