// @vitest-environment happy-dom
// Links for other players, made on the devices' page.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KEY } from "../shared/session/keeper";
import { House, shown, submit, type } from "../shared/testing/house";

const LOGGED_IN = { household: "the household", profile: "anna", child: false, device: "this device" };
const TOKEN = "k3Zl0qJ7oH1d9yQm2sXvB5tR8uWcE4fGgTzLpNaMiYk";
const device = (id: string, name: string, kind: string) => ({
  id,
  name,
  kind,
  profile: "anna",
  created_at: "2026-11-25T10:00:00Z",
  seen_at: "2026-11-25T10:00:00Z",
});

let house: House;
let devices: ReturnType<typeof device>[];

beforeEach(async () => {
  devices = [device("this device", "My browser", "computer")];
  localStorage.setItem(KEY, JSON.stringify({ ...LOGGED_IN, refresh_token: "refresh 0" }));
  house = await House.open({
    "GET /api/v1/house": () => ({ status: 200, body: { open: false, sign_up: true, openid: false } }),
    "POST /api/v1/tokens": () => ({
      status: 200,
      body: {
        ...LOGGED_IN,
        token_type: "Bearer",
        expires_in: 300,
        access_token: "access",
        refresh_token: "refresh 1",
      },
    }),
    "GET /api/v1/me/devices": () => ({ status: 200, body: { devices, limit: 10 } }),
    "GET /api/v1/me/profiles": () => ({
      status: 200,
      body: [
        { id: "mia", name: "Mia", child: true },
        { id: "anna", name: "Anna", child: false },
      ],
    }),
    "POST /api/v1/me/links": ({ body }) => {
      const made = device("kodi", String(body.name), "player");
      devices.push(made);
      return {
        status: 201,
        body: {
          device: made,
          token: TOKEN,
          playlist: `/tv/${TOKEN}/channels.m3u`,
          guide: `/tv/${TOKEN}/guide.xml`,
        },
      };
    },
  });
});

afterEach(() => house.close());

async function open(): Promise<void> {
  await house.visit("/account/devices");
  (await shown("button", "Make addresses for a player")).click();
  await shown("select");
}

it("shows the addresses once, for the profile that is watching here unless another one is chosen", async () => {
  await open();
  await type("player", " Kodi ");
  await submit();
  await shown('[data-testid="player-link"]', "Here are the addresses for Kodi");
  expect(house.at("POST /api/v1/me/links")[0]?.body).toEqual({ name: "Kodi", profile: "anna" });
  const value = (name: string) => document.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.value;
  expect(value("playlist")).toBe(`${house.url}/tv/${TOKEN}/channels.m3u`);
  expect(value("guide")).toBe(`${house.url}/tv/${TOKEN}/guide.xml`);
  await shown("li", "Other player");
  // Nothing of it stays in the browser.
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain(TOKEN);
  await house.visit("/account/devices");
  await shown("li", "Kodi");
  expect(document.body.innerHTML).not.toContain(TOKEN);
});

it("acts for a child where that is chosen", async () => {
  await open();
  await type("player", "Kinderzimmer");
  const select = await shown<HTMLSelectElement>("select");
  expect([...select.options].map(({ textContent }) => textContent)).toEqual(["Mia (Child)", "Anna"]);
  select.value = "mia";
  await submit();
  await shown('[data-testid="player-link"]');
  expect(house.at("POST /api/v1/me/links")[0]?.body).toEqual({ name: "Kinderzimmer", profile: "mia" });
});

it("copies where there is a clipboard, and where the page is not secure enough for one", async () => {
  await open();
  await type("player", "VLC");
  await submit();
  await shown('[data-testid="player-link"]');
  const writeText = vi.fn(async (_: string) => {});
  vi.stubGlobal("navigator", Object.create(navigator, { clipboard: { value: { writeText } } }));
  (await shown('button[aria-label^="Copy: Guide"]')).click();
  await shown("button", "Copied");
  expect(writeText).toHaveBeenCalledWith(`${house.url}/tv/${TOKEN}/guide.xml`);
  vi.stubGlobal("navigator", Object.create(navigator, { clipboard: { value: undefined } }));
  const execCommand = vi.fn(() => true);
  Object.assign(document, { execCommand });
  (await shown('button[aria-label^="Copy: List"]')).click();
  await vi.waitFor(() => expect(execCommand).toHaveBeenCalledWith("copy"));
  vi.unstubAllGlobals();
});

it("says what to do where there are as many devices as may be, and keeps what was typed", async () => {
  house.routes["POST /api/v1/me/links"] = () => ({ status: 409, body: { detail: "as many devices …" } });
  await open();
  await type("player", "Kodi");
  await submit();
  await shown('[role="alert"]', "Remove one of them first");
  expect((await shown<HTMLInputElement>("input[name=player]")).value).toBe("Kodi");
});

it("tells what removing a link means", async () => {
  devices.push(device("kodi", "Kodi", "player"));
  house.routes["DELETE /api/v1/me/devices/kodi"] = () => {
    devices.pop();
    return { status: 204 };
  };
  await house.visit("/account/devices");
  (await shown('button[aria-label="Remove: Kodi"]')).click();
  await shown("legend", "Its addresses stop working at once");
  (await shown("fieldset .button--danger")).click();
  await vi.waitFor(() => expect(document.querySelectorAll(".rows__row")).toHaveLength(1));
  expect(house.at("DELETE /api/v1/me/devices/kodi")).toHaveLength(1);
});
