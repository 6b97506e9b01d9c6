// Calls: what is sent, and what becomes of every kind of answer.
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, call, kindOfStatus } from "./api";

function answer(status: number, body: string, type: string): Response {
  return new Response(status === 204 ? null : body, { status, headers: { "content-type": type } });
}

function serve(give: (request: { url: string; init: RequestInit }) => Response | Promise<Response>) {
  vi.stubGlobal(
    "fetch",
    vi.fn(async (url: string, init: RequestInit) => give({ url, init })),
  );
}

const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );

afterEach(() => void vi.unstubAllGlobals());

describe("a call", () => {
  it("sends JSON and the token, and gives back JSON", async () => {
    serve(({ url, init }) => {
      expect(url).toBe("/api/v1/playback");
      expect(init.method).toBe("POST");
      expect(init.body).toBe('{"channel":"a"}');
      expect(init.headers).toMatchObject({
        authorization: "Bearer secret",
        "content-type": "application/json",
      });
      return answer(201, '{"session":"s"}', "application/json");
    });
    const options = { method: "POST", json: { channel: "a" }, token: "secret" } as const;
    expect(await call("/api/v1/playback", options)).toEqual({ session: "s" });
  });

  it("gives back nothing where there is nothing", async () => {
    serve(() => answer(204, "", ""));
    expect(await call("/x", { method: "DELETE" })).toBeUndefined();
    serve(() => answer(202, "", ""));
    expect(await call("/x", { method: "POST" })).toBeUndefined();
  });

  it("sends forms as OAuth wants them, without what is not there", async () => {
    serve(({ init }) => {
      expect(String(init.body)).toBe("grant_type=password&username=a%40b.example");
      return answer(200, "{}", "application/json");
    });
    const form = { grant_type: "password", username: "a@b.example", device_id: undefined };
    await call("/api/v1/tokens", { method: "POST", form });
  });

  it("tells what is in the way by its type, and when to try again", async () => {
    const problem = '{"type":"https://tv.example/problems/not_in_package","detail":"no","packages":["plus"]}';
    serve(() => answer(403, problem, "application/problem+json"));
    expect(await failed(call("/x"))).toMatchObject({
      kind: "denied",
      type: "not_in_package",
      problem: { packages: ["plus"] },
    });
    serve(
      () =>
        new Response('{"error":"temporarily_unavailable","error_description":"slowly"}', {
          status: 429,
          headers: { "retry-after": "30" },
        }),
    );
    expect(await failed(call("/x"))).toMatchObject({
      kind: "too_many",
      type: "temporarily_unavailable",
      message: "slowly",
      problem: { retry_after: 30 },
    });
    serve(() => answer(400, '{"type":"about:blank","detail":"no"}', "application/problem+json"));
    expect(await failed(call("/x"))).toMatchObject({ type: "" });
  });

  it("turns a problem into its kind and its sentence", async () => {
    const problem = '{"title":"Conflict","status":409,"detail":"number 2 is taken"}';
    serve(() => answer(409, problem, "application/problem+json"));
    expect(await failed(call("/x"))).toMatchObject({ kind: "conflict", message: "number 2 is taken" });
  });

  it("makes do with the status of an answer that is no problem document", async () => {
    serve(() => answer(502, "<html>Bad Gateway</html>", "text/html"));
    const error = await failed(call("/x"));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ kind: "unavailable" });
  });

  it("says that the server is unreachable when no answer comes, or only half of one", async () => {
    serve(() => Promise.reject(new TypeError("failed to fetch")));
    expect(await failed(call("/x"))).toMatchObject({ kind: "unreachable" });
    serve(() => answer(200, '{"channels": [', "application/json"));
    expect(await failed(call("/x"))).toMatchObject({ kind: "unreachable" });
  });

  it("that the caller gives up is no failure of the server", async () => {
    const caller = new AbortController();
    serve(() => {
      caller.abort();
      return Promise.reject(new DOMException("aborted", "AbortError"));
    });
    expect(await failed(call("/x", { signal: caller.signal }))).toMatchObject({ name: "AbortError" });
  });
});

it("every status has a kind", () => {
  expect(kindOfStatus(401)).toBe("unauthenticated");
  expect(kindOfStatus(418)).toBe("invalid");
  expect(kindOfStatus(599)).toBe("internal");
});
