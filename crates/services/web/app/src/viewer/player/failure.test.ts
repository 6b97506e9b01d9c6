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

describe("failed media", () => {
  it("without an answer means that nobody is there", () => {
    expect(failureOfStatus(undefined).kind).toBe("unreachable");
    expect(failureOfStatus(0).kind).toBe("unreachable");
  });

  it("that the origin does not have is a channel off air", () => {
    for (const status of [404, 410, 503]) expect(failureOfStatus(status).kind).toBe("off_air");
  });

  it("is told apart from a withdrawn right and from a broken server", () => {
    expect(failureOfStatus(403).kind).toBe("refused");
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

  it("does not come where it would change nothing", () => {
    for (const kind of ["refused", "unsupported", "unknown"] as const) expect(retryDelay(kind, 0)).toBeNull();
  });
});
