// The hint at a password's strength: long and unexpected is good, known and regular is not.
import { expect, it } from "vitest";
import { strengthOf } from "./strength";

it("calls weak what everybody tries first, however it is dressed up", () => {
  for (const password of [
    "",
    "password",
    "Passwort123!",
    "12345678",
    "qwertzuiop",
    "aaaaaaaaaaaaaaaa",
    "abcdefghijklmnop",
  ]) {
    expect(strengthOf(password, ""), password).toBe("weak");
  }
});

it("calls good what is long, without asking for signs and digits", () => {
  expect(strengthOf("drei enten am see", "")).toBe("good");
  expect(strengthOf("drei enten schwimmen quer durch den teich", "")).toBe("strong");
});

it("does not count what the address says already", () => {
  const email = "anna.bergmann@example.org";
  expect(strengthOf("anna.bergmann", email)).toBe("weak");
  expect(strengthOf("bergmannexample", email)).toBe("weak");
  expect(strengthOf("bergmannexample", "")).not.toBe("weak");
});
