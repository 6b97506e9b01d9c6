// Failures lead to the right sentence and to a sensible next try.
import { describe, expect, it } from "vitest";
import { ApiError } from "../../shared/api";
import { failureOfCall, failureOfStatus, retryDelay } from "./failure";

describe("a refused playback", () => {
  it("says whose fault it is", () => {
    expect(failureOfCall(new ApiError("unreachable", "")).kind).toBe("unreachable");
    expect(failureOfCall(new ApiError("not_found", "")).kind).toBe("unknown");
    expect(failureOfCall(new ApiError("unavailable", "")).kind).toBe("unreachable");
    expect(failureOfCall(new TypeError("no chunk")).kind).toBe("broken");
  });

  it("passes on what the service says where it is meant for viewers", () => {
    expect(failureOfCall(new ApiError("denied", "not in your package"))).toEqual({
      kind: "refused",
      detail: "not in your package",
    });
    expect(failureOfCall(new ApiError("internal", "stack trace"))).toEqual({ kind: "broken" });
  });
});

describe("what a household may not play", () => {
  const denied = (problem: Record<string, unknown>) => failureOfCall(new ApiError("denied", "no", problem));

  it("says which packages have it", () => {
    expect(denied({ type: "not_in_package", packages: ["plus"] })).toEqual({
      kind: "not_in_package",
      packages: ["plus"],
    });
    expect(denied({ type: "https://tv.example/problems/not_in_package" })).toMatchObject({ packages: [] });
  });

  it("says what runs already", () => {
    const sessions = [{ session: "a", channel: "b", started_at: "2026-11-25T17:00:00Z" }];
    expect(denied({ type: "too_many_streams", sessions })).toEqual({ kind: "too_many_streams", sessions });
  });

  it("says when nobody is logged in", () => {
    expect(failureOfCall(new ApiError("unauthenticated", "")).kind).toBe("log_in");
  });

  it("is repeated as the service says it where the reason is not known here", () => {
    expect(denied({ type: "about:blank" })).toEqual({ kind: "refused", detail: "no" });
    expect(denied({ type: "toString" })).toEqual({ kind: "refused", detail: "no" });
    for (const type of ["age", "abroad", "licence"]) expect(denied({ type })).toEqual({ kind: type });
  });
});

describe("failed media", () => {
  it("without an answer means that nobody is there", () => {
    expect(failureOfStatus(undefined).kind).toBe("unreachable");
    expect(failureOfStatus(0).kind).toBe("unreachable");
  });

  it("that the origin does not have is a channel off air", () => {
    for (const status of [404, 410, 503]) expect(failureOfStatus(status).kind).toBe("off_air");
  });

  it("is told apart from a withdrawn right and from a broken server", () => {
    expect(failureOfStatus(401).kind).toBe("ended");
    expect(failureOfStatus(403).kind).toBe("ended");
    expect(failureOfStatus(500).kind).toBe("broken");
  });
});

describe("the next try", () => {
  it("comes ever later, but within a quarter of a minute", () => {
    expect([0, 1, 2, 3, 9].map((attempt) => retryDelay("unreachable", attempt))).toEqual([
      2_000, 4_000, 8_000, 15_000, 15_000,
    ]);
  });

  it("finds a channel that was off air but for a moment", () => {
    expect([0, 1, 2, 3, 9].map((attempt) => retryDelay("off_air", attempt))).toEqual([
      1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
  });

  it("comes at once, but once, when a session was ended from outside", () => {
    expect(retryDelay("ended", 0)).toBe(0);
    expect(retryDelay("ended", 1)).toBeNull();
  });

  it("does not come where it would change nothing", () => {
    for (const kind of ["refused", "unsupported", "log_in", "age", "too_many_streams"] as const)
      expect(retryDelay(kind, 0)).toBeNull();
  });
});
