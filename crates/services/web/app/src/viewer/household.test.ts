// @vitest-environment happy-dom
// The list of channels in an open house, and in one with households: what is locked, and what speaks of accounts.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KEY } from "../shared/session/keeper";
import { House, type Page, shown } from "../shared/testing/house";

const channel = (number: number, id: string) => ({
  id,
  number,
  name: id,
  logo_url: null,
  on_air: true,
  actions: ["live"],
});
const channels = [channel(1, "news"), channel(2, "films"), channel(3, "constructor")];
const packages = [{ id: "plus", name: { de: "Plus", en: "Plus" }, kind: "base", streams: 1, plans: [] }];
const grant = {
  access_token: "access",
  token_type: "Bearer",
  expires_in: 300,
  refresh_token: "refresh 1",
  household: "the household",
  profile: "anna",
  child: false,
  device: "this device",
};

let house: House;
let isOpen: boolean;

async function viewer(): Promise<Page> {
  const [{ ChannelList }, { learnHouse }, { startHousehold }, { followLineUp }] = await Promise.all([
    import("./channel-list"),
    import("../shared/house"),
    import("./household"),
    import("./lineup"),
  ]);
  const start = async () => {
    startHousehold();
    await Promise.all([learnHouse(), followLineUp()]);
  };
  return { App: ChannelList, start };
}

beforeEach(async () => {
  isOpen = false;
  house = await House.open({
    "GET /api/v1/house": () => ({ status: 200, body: { open: isOpen, sign_up: true, openid: false } }),
    "GET /api/v1/channels": () => ({ status: 200, body: { channels } }),
    "GET /api/v1/packages": () => ({ status: 200, body: packages }),
    "POST /api/v1/tokens": () => ({ status: 200, body: grant }),
    "GET /api/v1/me/rights": ({ authorization }) =>
      authorization === "Bearer access"
        ? {
            status: 200,
            body: { channels: { news: ["live"] }, locked: { films: ["plus"], constructor: [] } },
          }
        : { status: 401, body: {} },
  });
});

afterEach(async () => {
  // Nothing of one test asks anything in the next one.
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  Reflect.deleteProperty(document, "hidden");
  await house.close();
});

const row = (id: string) => shown(`[data-testid="channel-${id}"]`);

it("an open house speaks of no accounts, and asks for no rights", async () => {
  isOpen = true;
  await house.visit("/", viewer);
  expect((await row("films")).textContent).toContain("Live");
  expect(document.querySelector('[data-testid="account"]')).toBeNull();
  expect(document.querySelector(".row--locked")).toBeNull();
  expect(house.asked.map(({ path }) => path).sort()).toEqual(["/api/v1/channels", "/api/v1/house"]);
});

it("a house with households offers to log in, and locks nothing before anybody has", async () => {
  await house.visit("/watch/news", viewer);
  const link = await shown<HTMLAnchorElement>('[data-testid="account"]', "Log in");
  expect(link.getAttribute("href")).toBe("/login?to=%2Fwatch%2Fnews");
  expect(document.querySelector(".row--locked")).toBeNull();
  expect(house.at("GET /api/v1/me/rights")).toEqual([]);
});

it("what is not in the package looks locked, and says what it needs", async () => {
  localStorage.setItem(KEY, JSON.stringify({ ...grant, refresh_token: "refresh 0" }));
  await house.visit("/", viewer);
  await vi.waitFor(async () => expect((await row("films")).textContent).toContain("In Plus"));
  expect((await row("news")).textContent).toContain("Live");
  expect((await row("constructor")).textContent).toContain("Not available");
  expect((await row("films")).textContent).toContain("Locked.");
  const link = await shown<HTMLAnchorElement>('[data-testid="account"]', "Account");
  expect(link.getAttribute("href")).toBe("/account");
});

it("what was known of rights stays while the service does not answer", async () => {
  localStorage.setItem(KEY, JSON.stringify({ ...grant, refresh_token: "refresh 0" }));
  await house.visit("/", viewer);
  await vi.waitFor(async () => expect((await row("films")).textContent).toContain("In Plus"));
  house.routes["GET /api/v1/me/rights"] = () => ({ status: 503, body: {} });
  const { followRights } = await import("./household");
  await followRights();
  expect((await row("films")).textContent).toContain("In Plus");
});
