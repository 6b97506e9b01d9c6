// Waiting for the phone: RFC 8628's intervals, and its table of errors (3.5).
import { describe, expect, it } from "vitest";
import { ApiError } from "../../shared/api";
import type { DeviceAuthorization, Tokens } from "../../shared/household";
import { type Around, poll, spaced } from "./poll";

const pairing: DeviceAuthorization = {
  device_code: "secret",
  user_code: "BCDF-GHJK",
  verification_uri: "https://tv.example/pair",
  expires_in: 600,
  interval: 5,
};
const granted = { access_token: "a" } as Tokens;
const oauth = (error: string) => new ApiError("invalid", error, { error });

// Runs against these answers, the last one for ever; tells how long was waited before each question.
async function run(answers: (Tokens | Error)[], change: Partial<DeviceAuthorization> = {}, stopAfter = 1000) {
  const waits: number[] = [];
  const stop = new AbortController();
  let clock = 0;
  const around: Around = {
    ask: async (code) => {
      expect(code).toBe("secret");
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer as Tokens;
    },
    wait: async (ms) => {
      clock += ms;
      waits.push(ms / 1000);
      if (waits.length >= stopAfter) stop.abort();
    },
    now: () => clock,
    signal: stop.signal,
  };
  const outcome = await poll({ ...pairing, ...change }, around);
  return { outcome, waits };
}

const pending = oauth("authorization_pending");

describe("polling", () => {
  it("waits before every question, and ends with the tokens", async () => {
    const { outcome, waits } = await run([pending, pending, granted]);
    expect(outcome).toBe(granted);
    expect(waits).toEqual([5, 5, 5]);
  });

  it("takes five seconds where the server names no interval", async () => {
    const { interval: _, ...without } = pairing;
    const { waits } = await run([granted], { ...without, interval: undefined } as never);
    expect(waits).toEqual([5]);
  });

  it("is slower for good after slow_down", async () => {
    const { waits } = await run([pending, oauth("slow_down"), pending, granted]);
    expect(waits).toEqual([5, 5, 10, 10]);
  });

  it("asks ever less often while the server is away", async () => {
    const away = new ApiError("unreachable", "");
    const { outcome, waits } = await run([away, away, new ApiError("unavailable", ""), granted]);
    expect(outcome).toBe(granted);
    expect(waits).toEqual([5, 10, 20, 40]);
  });

  it("ends when it is refused, or the code has run out", async () => {
    expect((await run([oauth("access_denied")])).outcome).toBe("denied");
    expect((await run([oauth("expired_token")])).outcome).toBe("expired");
    expect((await run([oauth("invalid_grant")])).outcome).toBe("expired");
  });

  it("ends by itself at the end of the code's life", async () => {
    const { outcome, waits } = await run([pending], { expires_in: 60 });
    expect(outcome).toBe("expired");
    expect(waits.length).toBe(12);
  });

  it("ends when nobody waits any more", async () => {
    expect((await run([pending], {}, 3)).outcome).toBe("stopped");
  });

  it("does not go on after a mistake of its own", async () => {
    await expect(run([oauth("invalid_request")])).rejects.toMatchObject({ type: "invalid_request" });
  });
});

it("codes are read in two halves", () => {
  expect(spaced("BCDFGHJK")).toBe("BCDF-GHJK");
  expect(spaced("BCDF-GHJK")).toBe("BCDF-GHJK");
  expect(spaced("1234")).toBe("1234");
});
