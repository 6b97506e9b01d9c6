// A house with households: from signing up through the mail to a playing channel, a television paired with two browsers, and a place
// taken over from another device.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Doors } from "../lib/house.mjs";
import { Browser, plays, shoot, until } from "./tower.mjs";

const EMAIL = "anna@household.example";
const PASSWORD = "drei enten am see";

/** What is sold: the first two channels for nothing, and all of them for money. One may watch at a time. */
function offer(channels) {
  const ids = channels.map(({ id }) => id);
  const text = (name) => ({ de: name, en: name });
  const actions = ["live", "hd"];
  const plan = (id, cents) => ({ id: `${id}-month`, package: id, name: text("Month"), cents, currency: "EUR", period: "month" });
  return {
    packages: [
      { id: "basic", name: text("Basic"), description: text("A beginning."), order: 1, streams: 1, gives: [{ channels: ids.slice(0, 2), actions }] },
      { id: "plus", name: text("Plus"), description: text("Everything."), order: 2, streams: 1, gives: [{ every_channel: true, actions }] },
    ],
    channel_groups: [],
    broadcasters: [],
    licences: [{ id: "demo", channels: ids, actions }],
    plans: [plan("basic", 0), plan("plus", 999)],
  };
}

/** What a browser says about answers that are refusals: they are meant. */
const unexpected = (page) => page.complaints.filter((text) => !/status of (400|401|403)/.test(text));

describe("a house with households", { timeout: 600_000 }, () => {
  let tower;
  let browser;
  let channels;
  // The page of whoever has signed up.
  let anna;
  let tv;

  before(async () => {
    // Players notice soon when their place is gone.
    tower = await Doors.closed([], "playback.heartbeat_seconds=5");
    browser = await Browser.start();
    channels = await tower.onAir(3);
    await tower.operate("PUT", "/admin/v1/offer", offer(channels));
  });

  after(async () => {
    await browser?.stop();
    await tower?.stop();
  });

  /** The link in the newest caught mail of this template. */
  const linkOf = (template) =>
    until(`a mail ${template}`, 30, async () => {
      const { mails } = await tower.get(`/admin/v1/mails?to=${encodeURIComponent(EMAIL)}`);
      const mail = mails.find((each) => each.template === template && each.state === "sent");
      return mail && (await tower.get(`/admin/v1/mails/${mail.id}`)).caught.link;
    });

  test("nothing plays, and nothing is fetched, without an account", async () => {
    const page = await browser.open(`${tower.url}/watch/${channels[0].id}`);
    await page.locator('[data-testid="error"][data-kind="log_in"]').waitFor();
    const media = await fetch(`${tower.url}/hls/open/${channels[0].id}/master.m3u8`);
    assert.equal(media.status, 401);
    await page.close();
  });

  test("from signing up through the mail to a playing channel", async () => {
    anna = await browser.open(tower.url);
    await anna.getByRole("link", { name: "Sign up" }).click();
    await anna.getByLabel("E-mail address").fill(EMAIL);
    await anna.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await anna.getByLabel(/terms of use/).check();
    await shoot(anna, "sign-up");
    await anna.getByRole("button", { name: "Sign up" }).click();
    await anna.getByTestId("look-into-mail").waitFor();
    const link = await linkOf("confirm_address");
    assert.ok(link.startsWith(tower.url), `${link} leads elsewhere`);
    await anna.goto(link);
    await anna.getByRole("heading", { name: "Your address is confirmed." }).waitFor();
    assert.ok(!anna.url().includes("token"), "the token stays in the address bar");
    await anna.getByRole("link", { name: "Log in" }).click();
    await anna.getByLabel("E-mail address").fill(EMAIL);
    await anna.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await anna.getByRole("button", { name: "Log in", exact: true }).click();
    await anna.getByTestId(`channel-${channels[0].id}`).click();
    await plays(anna, 5, 30);
    await shoot(anna, "household");
    assert.deepEqual(unexpected(anna), []);
  });

  test("a link from a mail works once", async () => {
    const page = await browser.open(await linkOf("confirm_address"));
    await page.getByRole("alert").filter({ hasText: "not valid any more" }).waitFor();
    await page.close();
  });

  test("a channel that is not in the package says what it needs, and plays when that is there", async () => {
    const [, , third] = channels;
    await anna.goto(tower.url); // where the list does not hide, as it does beside a playing channel
    const row = anna.getByTestId(`channel-${third.id}`);
    await row.filter({ hasText: "In Plus" }).waitFor({ timeout: 90_000 });
    await row.click();
    await anna.locator('[data-testid="error"][data-kind="not_in_package"]').waitFor();
    await shoot(anna, "not-in-package");
    await anna.getByRole("link", { name: "See the packages" }).click();
    await anna.getByTestId("package-plus").filter({ hasText: third.name }).waitFor();
    await anna.getByTestId("package-plus").getByRole("radio").check();
    await anna.getByRole("button", { name: "Review the change" }).click();
    await shoot(anna, "packages");
    await anna.getByRole("button", { name: "Confirm" }).click();
    await anna.getByRole("status").filter({ hasText: "That is done." }).waitFor();
    await anna.goto(`${tower.url}/watch/${third.id}`);
    await plays(anna, 2, 30);
    assert.deepEqual(unexpected(anna), []);
  });

  test("a television is logged in with a phone", async () => {
    // One place, and it is the television's turn.
    await anna.goto(`${tower.url}/account/devices`);
    tv = await browser.open(`${tower.url}/tv`);
    const code = await tv.getByTestId("user-code").textContent();
    await shoot(tv, "tv");
    await anna.goto(`${tower.url}/pair`);
    await anna.getByLabel("Code").fill(code.toLowerCase());
    await anna.getByRole("button", { name: "Next" }).click();
    await anna.getByTestId("asking").filter({ hasText: "Television" }).waitFor();
    await anna.getByRole("button", { name: "Approve" }).click();
    await anna.getByRole("status").filter({ hasText: "The television is logged in" }).waitFor();
    await until("the television to be logged in", 30, () => new URL(tv.url()).pathname !== "/tv");
    await tv.getByTestId(`channel-${channels[0].id}`).click();
    await plays(tv, 2, 30);
    await anna.goto(`${tower.url}/account/devices`);
    await anna.getByText("Television").first().waitFor();
    await anna.getByTestId("this-device").waitFor();
    await shoot(anna, "devices");
    assert.deepEqual(unexpected(tv), []);
  });

  test("where one may watch, the other device's place can be taken", async () => {
    await anna.goto(`${tower.url}/watch/${channels[1].id}`);
    await anna.locator('[data-testid="error"][data-kind="too_many_streams"]').waitFor();
    await shoot(anna, "too-many-streams");
    await anna.getByRole("button", { name: /^Play here instead of/ }).click();
    await plays(anna, 2, 30);
    // The television is told why it stands still, and does not take the place back by itself.
    await tv.locator('[data-testid="error"][data-kind="too_many_streams"]').waitFor({ timeout: 90_000 });
    await plays(anna, 5, 30);
  });

  test("the console says which row decided", async () => {
    const page = await browser.open(`${tower.url}/console#token=${tower.token}`, { width: 1400, height: 900 });
    await page.getByRole("link", { name: "Households" }).click();
    await page.getByLabel("E-mail address begins with").fill("anna@");
    await page.getByText(EMAIL).click();
    await page.getByLabel("Channel", { exact: true }).selectOption(channels[2].id);
    await page.locator('[data-testid="explanation"][data-allowed="true"]').waitFor();
    await page.getByLabel("Action").selectOption("record");
    await page.locator('[data-testid="explanation"][data-allowed="false"]').waitFor();
    await shoot(page, "console-household");
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  test("a tab that was logged out everywhere asks for the log-in again", async () => {
    const other = await anna.context().newPage();
    await other.goto(`${tower.url}/account/devices`);
    await other.getByRole("button", { name: "Log out everywhere" }).click();
    await until("to be out", 10, () => !other.url().includes("/account"));
    await anna.goto(`${tower.url}/account`);
    await anna.getByRole("heading", { name: "Log in" }).waitFor();
    await tv.goto(`${tower.url}/account`);
    await tv.getByRole("heading", { name: "Log in" }).waitFor();
    await other.close();
  });
});
