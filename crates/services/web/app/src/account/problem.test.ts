// What went wrong is said in the reader's words wherever they are known here.
import { expect, it } from "vitest";
import { ApiError } from "../shared/api";
import { sentenceOf } from "./problem";
import { de } from "./words/de";
import { en } from "./words/en";

const adult = { isChild: false };

it("tells a wrong log-in from too many tries and from a server that is away", () => {
  const wrong = new ApiError("invalid", "no such account", { error: "invalid_grant" });
  expect(sentenceOf(wrong, de, adult)).toBe(de.problems.wrongLogIn);
  const often = new ApiError("too_many", "", { error: "temporarily_unavailable", retry_after: 300 });
  expect(sentenceOf(often, en, adult)).toBe("That was too often. Try again in 5 minutes.");
  expect(sentenceOf(often, de, adult)).toContain("5 Minuten");
  expect(sentenceOf(new ApiError("too_many", ""), en, adult)).toContain("in a little while");
  expect(sentenceOf(new ApiError("unreachable", ""), de, adult)).toBe(de.problems.unreachable);
  const busy = new ApiError("unavailable", "", { retry_after: 2 });
  expect(sentenceOf(busy, en, adult)).toBe(en.problems.unavailable);
});

it("says what a refusal means where it means one thing, and whose profile is in the way", () => {
  const denied = new ApiError("denied", "this is not the password");
  expect(sentenceOf(denied, de, { ...adult, denied: de.problems.wrongPassword })).toBe(
    de.problems.wrongPassword,
  );
  expect(sentenceOf(denied, de, { isChild: true, denied: de.problems.wrongPassword })).toBe(
    de.problems.child,
  );
  expect(sentenceOf(denied, de, { isChild: true, denied: de.problems.wrongPin })).toBe(de.problems.wrongPin);
});

it("repeats what only the server knows, as a sentence", () => {
  const taken = new ApiError("conflict", "this is the only profile of an adult, and one there must be");
  expect(sentenceOf(taken, en, adult)).toBe("This is the only profile of an adult, and one there must be.");
  const short = new ApiError("invalid", "password: it must have at least 8 characters");
  expect(sentenceOf(short, de, adult)).toBe(de.problems.badPassword);
});

it("does not hide mistakes of its own", () => {
  expect(() => sentenceOf(new TypeError("x is undefined"), en, adult)).toThrow(TypeError);
});
