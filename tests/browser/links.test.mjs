// A link for another player: made on the account's page, played by the real ffmpeg for longer than one token lives, and dead when its
// device is removed on the page.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ffmpeg } from "../lib/ffmpeg.mjs";
import { Doors } from "../lib/house.mjs";
import { Browser, shoot, until } from "./tower.mjs";

const EMAIL = "otto@household.example";
const PASSWORD = "drei enten am see";
/** How long a playback token lives, in seconds: the shortest that can be set. */
const TOKEN_SECONDS = 60;

/** The first two channels for nothing, one stream at a time. */
function offer(channels) {
  const ids = channels.map(({ id }) => id);
  const text = (name) => ({ de: name, en: name });
  const actions = ["live", "hd"];
  return {
    packages: [
      { id: "basic", name: text("Basic"), description: text("A beginning."), order: 1, streams: 1, gives: [{ channels: ids.slice(0, 2), actions }] },
    ],
    channel_groups: [],
    broadcasters: [],
    licences: [{ id: "demo", channels: ids, actions }],
    plans: [{ id: "basic-month", package: "basic", name: text("Month"), cents: 0, currency: "EUR", period: "month" }],
  };
}

describe("a link for another player", { timeout: 400_000 }, () => {
  let tower;
  let browser;
  let channels;
  let page;
  let ffmpeg;
  let playlist;

  before(async () => {
    // Every request in the log, to see that tokens are not.
    const settings = ["process.log.level=debug", "playback.heartbeat_seconds=20", `playback.token_seconds=${TOKEN_SECONDS}`];
    tower = await Doors.closed([], ...settings);
    browser = await Browser.start();
    channels = await tower.onAir(3);
    await tower.operate("PUT", "/admin/v1/offer", offer(channels));
    await tower.operate("POST", "/admin/v1/households", { email: EMAIL, password: PASSWORD });
  });

  after(async () => {
    await ffmpeg?.stop();
    await browser?.stop();
    await tower?.stop();
  });

  test("is made on the page, and has the channels of the package", async () => {
    page = await browser.open(`${tower.url}/login?to=%2Faccount%2Fdevices`);
    await page.getByLabel("E-mail address").fill(EMAIL);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByRole("button", { name: "Make addresses for a player" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("ffmpeg in the attic");
    await page.getByRole("button", { name: "Make the addresses" }).click();
    const field = page.getByTestId("player-link").locator('input[name="playlist"]');
    const url = await field.inputValue();
    await shoot(page, "player-link");
    assert.ok(url.startsWith(`${tower.url}/tv/`) && url.endsWith("/channels.m3u"), url);
    const read = async () => {
      const answer = await fetch(url);
      assert.equal(answer.headers.get("content-type"), "audio/x-mpegurl");
      return answer.text();
    };
    // The household's package is on its way to rights for a moment.
    playlist = await until("the channels of the package", 20, async () => {
      const text = await read();
      return text.includes("#EXTINF") && text;
    });
    const entries = playlist.split("\n").filter((line) => line.endsWith(".m3u8"));
    assert.deepEqual(entries.map((line) => line.match(/([^/]+)\.m3u8$/)[1]), channels.slice(0, 2).map(({ id }) => id));
    const guide = await fetch(/x-tvg-url="([^"]+)"/.exec(playlist)[1]);
    assert.match(await guide.text(), new RegExp(`<channel id="${channels[0].id}">`));
    const logo = /tvg-logo="([^"]+)"/.exec(playlist);
    if (logo) assert.equal((await fetch(logo[1])).status, 200);
    // What is not in the package does not play either.
    const locked = await fetch(url.replace("channels.m3u", `${channels[2].id}.m3u8`));
    assert.equal(locked.status, 403);
    assert.equal((await locked.json()).type, "not_in_package");
  });

  test("plays for longer than one token lives", async () => {
    const [first, second] = playlist.split("\n").filter((line) => line.endsWith(".m3u8"));
    // A zap before it: one's own session is in nobody's way, though only one stream may run.
    assert.equal((await fetch(second)).status, 200);
    ffmpeg = new Ffmpeg(first);
    await ffmpeg.plays(TOKEN_SECONDS + 15, TOKEN_SECONDS + 60);
    await page.goto(`${tower.url}/account/running`);
    await page.getByText(channels[0].name).first().waitFor();
  });

  test("is dead as soon as its device is removed, and its player ends within one token life", async () => {
    const [first] = playlist.split("\n").filter((line) => line.endsWith(".m3u8"));
    await page.goto(`${tower.url}/account/devices`);
    await page.getByRole("button", { name: "Remove: ffmpeg in the attic" }).click();
    const removed = Date.now();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await until("the link to be dead", 10, async () => (await fetch(first)).status === 404);
    await ffmpeg.ends(TOKEN_SECONDS);
    process.stdout.write(`ffmpeg ended ${((Date.now() - removed) / 1000).toFixed(1)} s after its link was removed, at ${ffmpeg.seconds.toFixed(1)} s\n`);
    const sessions = await tower.get("/admin/v1/sessions");
    assert.deepEqual(sessions, []);
    // The token is in no log.
    const token = /\/tv\/([^/]+)\//.exec(first)[1];
    assert.ok(tower.output.includes("/tv/…/"), "nothing of the link is in the log at all");
    assert.ok(!tower.output.includes(token), "the token of the link is in the log");
  });
});
