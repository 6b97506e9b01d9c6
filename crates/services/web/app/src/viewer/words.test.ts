// The dictionary is chosen by the browser's languages, in their order.
import { expect, it } from "vitest";
import { wordsFor } from "./words";

it("speaks the first language that it knows", () => {
  expect(wordsFor(["de-AT", "en"]).locale).toBe("de");
  expect(wordsFor(["fr", "de"]).locale).toBe("de");
  expect(wordsFor(["en-GB", "de"]).locale).toBe("en");
});

it("speaks English to everyone else", () => {
  expect(wordsFor(["fr", "nds"]).locale).toBe("en");
  expect(wordsFor([]).locale).toBe("en");
});
