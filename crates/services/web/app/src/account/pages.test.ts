// @vitest-environment happy-dom
// The account's pages against a house: what they send, what they show, and what stays in the browser.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEY } from "../shared/session/keeper";
import { type Answer, type Asked, House, shown, submit, type } from "../shared/testing/house";

const GRANT = {
  token_type: "Bearer",
  expires_in: 300,
  household: "the household",
  profile: "anna",
  child: false,
  device: "this device",
};
const grant = (n: number): Answer => ({
  status: 200,
  body: { ...GRANT, access_token: `access ${n}`, refresh_token: `refresh ${n}` },
});
const loggedIn = (change: object = {}) =>
  localStorage.setItem(
    KEY,
    JSON.stringify({
      ...GRANT,
      token_type: undefined,
      expires_in: undefined,
      refresh_token: "refresh 0",
      ...change,
    }),
  );
const kept = () => JSON.parse(localStorage.getItem(KEY) ?? "null");

let house: House;
const assign = vi.fn();

beforeEach(async () => {
  house = await House.open({
    "GET /api/v1/house": () => ({ status: 200, body: { open: false, sign_up: true, openid: false } }),
    "POST /api/v1/tokens": ({ body }) =>
      body.grant_type === "refresh_token" ? grant(1) : { status: 400, body: { error: "invalid_grant" } },
  });
  // Leaving for the player is not what these pages do by themselves.
  vi.spyOn(window.location, "assign").mockImplementation(assign);
  vi.spyOn(window.location, "replace").mockImplementation(assign);
  assign.mockReset();
});

afterEach(async () => {
  await house.close();
  vi.restoreAllMocks();
});

describe("signing up", () => {
  it("agrees to nothing by itself, and asks to look into the mail", async () => {
    house.routes["POST /api/v1/accounts"] = () => ({ status: 202 });
    await house.visit("/sign-up");
    await shown("h1", "Sign up");
    const boxes = [...document.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
    expect(boxes.map(({ name, checked, required }) => [name, checked, required])).toEqual([
      ["terms", false, true],
      ["marketing", false, false],
      ["personalised_ads", false, false],
    ]);
    await type("email", " anna@example.org ");
    await type("password", "drei enten am see");
    (await shown<HTMLInputElement>("input[name=terms]")).checked = true;
    await submit();
    expect((await shown('[data-testid="look-into-mail"]')).textContent).toContain("anna@example.org");
    expect(house.at("POST /api/v1/accounts")[0]?.body).toEqual({
      email: "anna@example.org",
      password: "drei enten am see",
      language: "en",
      consents: { terms: true, marketing: false, personalised_ads: false },
    });
  });

  it("loses nothing that was typed when it is refused", async () => {
    house.routes["POST /api/v1/accounts"] = () => ({
      status: 400,
      body: { type: "about:blank", detail: "password: it must have at least 8 characters" },
    });
    await house.visit("/sign-up");
    await type("email", "anna@example.org");
    await type("password", "short");
    (await shown<HTMLInputElement>("input[name=terms]")).checked = true;
    await submit();
    await shown('[role="alert"]', "at least eight characters");
    expect((await shown<HTMLInputElement>("input[name=email]")).value).toBe("anna@example.org");
    expect((await shown<HTMLInputElement>("input[name=password]")).value).toBe("short");
    expect((await shown<HTMLInputElement>("input[name=terms]")).checked).toBe(true);
  });
});

describe("links in mails", () => {
  it("are used once, and leave the address bar", async () => {
    house.routes["POST /api/v1/accounts/confirm"] = () => ({ status: 204 });
    await house.visit("/confirm#token=secret");
    await shown("h1", "Your address is confirmed");
    expect(house.at("POST /api/v1/accounts/confirm").map(({ body }) => body)).toEqual([{ token: "secret" }]);
    expect(window.location.href).not.toContain("secret");
  });

  it("say so when they are not good any more", async () => {
    house.routes["POST /api/v1/accounts/confirm"] = () => ({ status: 404, body: { detail: "no" } });
    await house.visit("/confirm#token=old");
    await shown('[role="alert"]', "not valid any more");
    await house.visit("/confirm");
    await shown('[role="alert"]', "not valid any more");
  });

  it("choose a password, and keep the link when that is refused", async () => {
    let answer: Answer = {
      status: 400,
      body: { detail: "password: it is one of those that are tried first" },
    };
    house.routes["PUT /api/v1/accounts/password"] = () => answer;
    await house.visit("/reset#token=secret");
    await type("password", "password");
    await submit();
    await shown('[role="alert"]', "does not do");
    answer = { status: 204 };
    await type("password", "drei enten am see");
    await submit();
    await shown("h1", "The new password holds");
    expect(house.at("PUT /api/v1/accounts/password").map(({ body }) => body.token)).toEqual([
      "secret",
      "secret",
    ]);
  });
});

describe("logging in", () => {
  const right = ({ body }: Asked): Answer =>
    body.password === "right"
      ? { status: 200, body: { ...(grant(1).body as object), device_secret: "device secret" } }
      : { status: 400, body: { error: "invalid_grant", error_description: "no" } };

  it("keeps the refresh token alone, and goes back to where it was asked for", async () => {
    house.routes["POST /api/v1/tokens"] = right;
    await house.visit("/login?to=%2Fwatch%2Fkanal-1");
    await type("email", "anna@example.org");
    await type("password", "wrong");
    await submit();
    await shown('[role="alert"]', "E-mail address or password is wrong");
    expect(kept()).toBeNull();
    await type("password", "right");
    await submit();
    await vi.waitFor(() => expect(assign).toHaveBeenCalled());
    expect(String(assign.mock.calls[0]?.[0])).toBe(`${house.url}/watch/kanal-1`);
    expect(kept()).toMatchObject({ refresh_token: "refresh 1", household: "the household" });
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("access 1");
  });

  it("goes to no other host, whatever the address says", async () => {
    house.routes["POST /api/v1/tokens"] = right;
    for (const to of ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      localStorage.clear();
      assign.mockReset();
      await house.visit(`/login?to=${encodeURIComponent(to)}`);
      await type("email", "anna@example.org");
      await type("password", "right");
      await submit();
      await vi.waitFor(() => expect(assign).toHaveBeenCalled());
      expect(String(assign.mock.calls[0]?.[0]), to).toBe(`${house.url}/`);
    }
  });

  it("is the same device again the next time", async () => {
    house.routes["POST /api/v1/tokens"] = right;
    for (const _ of [1, 2]) {
      localStorage.removeItem(KEY);
      assign.mockReset();
      await house.visit("/login");
      await type("email", "anna@example.org");
      await type("password", "right");
      await submit();
      await vi.waitFor(() => expect(assign).toHaveBeenCalled());
    }
    const [first, second] = house.at("POST /api/v1/tokens").map(({ body }) => body);
    expect(first).not.toHaveProperty("device_id");
    expect(second).toMatchObject({ device_id: "this device", device_secret: "device secret" });
  });

  it("takes another device's place where there are too many", async () => {
    const devices = [{ id: "old", name: "Old phone", kind: "phone", seen_at: "2026-11-01T10:00:00Z" }];
    house.routes["POST /api/v1/tokens"] = ({ body }) =>
      body.replace_device === "old" ? grant(1) : { status: 400, body: { error: "device_limit", devices } };
    await house.visit("/login");
    await type("email", "anna@example.org");
    await type("password", "right");
    await submit();
    await shown("li", "Old phone");
    (await shown("button", "Take its place")).click();
    await vi.waitFor(() => expect(kept()).not.toBeNull());
  });
});

describe("the rooms", () => {
  const ME = {
    id: "the household",
    email: "anna@example.org",
    language: "de",
    country: "DE",
    consents: { terms_accepted_at: "2026-11-01T10:00:00Z", marketing: false, personalised_ads: false },
    has_password: true,
    has_pin: false,
    created_at: "2026-11-01T10:00:00Z",
  };

  it("are shut to whoever is not logged in", async () => {
    await house.visit("/account/devices");
    await shown("h1", "Log in");
    expect(window.location.search).toBe("?to=%2Faccount%2Fdevices");
  });

  it("are asked for with a token that is fetched once", async () => {
    loggedIn();
    house.routes["GET /api/v1/me"] = ({ authorization }) =>
      authorization === "Bearer access 1" ? { status: 200, body: ME } : { status: 401, body: {} };
    await house.visit("/account");
    await shown('[data-testid="email"]', "anna@example.org");
    expect(house.at("POST /api/v1/tokens")).toHaveLength(1);
    expect(kept()).toMatchObject({ refresh_token: "refresh 1" });
  });

  it("lead to the door when the log-in has ended elsewhere", async () => {
    loggedIn();
    house.routes["POST /api/v1/tokens"] = () => ({ status: 400, body: { error: "invalid_grant" } });
    house.routes["GET /api/v1/me"] = () => ({ status: 401, body: {} });
    await house.visit("/account");
    await shown("h1", "Log in");
    expect(kept()).toBeNull();
  });

  it("delete the household only after the word and the password", async () => {
    loggedIn();
    house.routes["GET /api/v1/me"] = () => ({ status: 200, body: ME });
    house.routes["DELETE /api/v1/me"] = ({ body }) =>
      body.password === "right" ? { status: 202, body: {} } : { status: 403, body: { detail: "no" } };
    await house.visit("/account");
    (await shown("button", "Delete the account …")).click();
    await type("word", "dele");
    await type("password", "right");
    await submit();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(house.at("DELETE /api/v1/me")).toEqual([]);
    await type("word", "delete");
    await type("password", "wrong");
    await submit();
    await shown('[role="alert"]', "The password is wrong");
    await type("password", "right");
    await submit();
    await shown('[role="status"]', "The account is being deleted");
    expect(localStorage.length).toBe(0);
  });

  it("mark this device, which is removed by logging out alone", async () => {
    loggedIn();
    const device = (id: string, name: string) => ({ id, name, kind: "tv", seen_at: "2026-11-25T10:00:00Z" });
    const devices = [device("other", "Television"), device("this device", "My browser")];
    house.routes["GET /api/v1/me/devices"] = () => ({ status: 200, body: { devices, limit: 10 } });
    await house.visit("/account/devices");
    const own = await shown('[data-testid="this-device"]');
    expect(own.textContent).toContain("My browser");
    expect(
      [...document.querySelectorAll("button")].flatMap((each) => each.getAttribute("aria-label") ?? []),
    ).toEqual(["Rename: My browser", "Rename: Television", "Remove: Television"]);
  });

  it("let a child out of its profile only with the PIN", async () => {
    loggedIn({ profile: "ben", child: true });
    const profiles = [
      { id: "anna", name: "Anna", child: false },
      { id: "ben", name: "Ben", child: true },
    ];
    house.routes["GET /api/v1/me/profiles"] = () => ({ status: 200, body: profiles });
    house.routes["POST /api/v1/me/profiles/anna/choose"] = ({ body }) => {
      const { refresh_token: _, ...chosen } = grant(2).body as Record<string, unknown>;
      return body.pin === "2580" ? { status: 200, body: chosen } : { status: 403, body: { detail: "no" } };
    };
    // Refreshing does not change the profile.
    house.routes["POST /api/v1/tokens"] = () => ({
      status: 200,
      body: { ...(grant(1).body as object), profile: "ben", child: true },
    });
    await house.visit("/profiles");
    (await shown("button", "Anna")).click();
    await type("pin", "1111");
    await submit();
    await shown('[role="alert"]', "The PIN is wrong");
    await type("pin", "2580");
    await submit();
    await vi.waitFor(() => expect(assign).toHaveBeenCalled());
    expect(kept()).toMatchObject({ profile: "anna", child: false, refresh_token: "refresh 1" });
  });
});

describe("pairing", () => {
  const pairing = {
    device_code: "device code",
    user_code: "BCDF-GHJK",
    verification_uri: "https://tv.example/pair",
    verification_uri_complete: "https://tv.example/pair?code=BCDF-GHJK",
    expires_in: 600,
    interval: 1,
  };

  it("logs the television in as soon as the phone says yes", async () => {
    let isApproved = false;
    house.routes["POST /api/v1/device_authorization"] = () => ({ status: 200, body: pairing });
    house.routes["POST /api/v1/tokens"] = ({ body }) =>
      isApproved && body.device_code === "device code"
        ? grant(1)
        : { status: 400, body: { error: "authorization_pending" } };
    await house.visit("/tv");
    expect((await shown('[data-testid="user-code"]')).textContent).toBe("BCDF-GHJK");
    await vi.waitFor(() => expect(house.at("POST /api/v1/tokens").length).toBe(1), { timeout: 4_000 });
    expect(kept()).toBeNull();
    isApproved = true;
    await vi.waitFor(() => expect(kept()).not.toBeNull(), { timeout: 4_000 });
    expect(String(assign.mock.calls[0]?.[0])).toBe(`${house.url}/`);
  });

  it("shows the phone what asks before anything is approved", async () => {
    loggedIn();
    house.routes["GET /api/v1/device_authorization/BCDFGHJK"] = () => ({
      status: 200,
      body: { device_name: "Television", device_kind: "tv", same_network: false },
    });
    house.routes["POST /api/v1/device_authorization/approve"] = () => ({ status: 204 });
    await house.visit("/pair?code=bcdf-ghjk");
    const asking = await shown('[data-testid="asking"]', "Television");
    expect(asking.textContent).toContain("not in your network");
    expect(house.at("POST /api/v1/device_authorization/approve")).toEqual([]);
    (await shown("button", "Approve")).click();
    await shown('[role="status"]', "The television is logged in");
    expect(house.at("POST /api/v1/device_authorization/approve")[0]?.body).toEqual({
      user_code: "BCDFGHJK",
      approve: true,
    });
  });

  it("says when no television shows the code", async () => {
    loggedIn();
    await house.visit("/pair?code=XXXX-XXXX");
    await shown('[role="alert"]', "no such code");
  });

  it("leads a code that was scanned to the phone's page", async () => {
    loggedIn();
    await house.visit("/tv?code=BCDF-GHJK");
    await vi.waitFor(() => expect(window.location.pathname).toBe("/pair"));
    expect(house.at("POST /api/v1/device_authorization")).toEqual([]);
  });
});
