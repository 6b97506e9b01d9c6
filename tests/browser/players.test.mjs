// The presentation in players that are not ours: Shaka Player, ffmpeg, GStreamer's HLS demuxer, and our own linter.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";

import { Browser, Tower, until } from "./tower.mjs";

const seconds = Number(process.env.PLAY_SECONDS ?? 12);
const shaka = fileURLToPath(new URL("node_modules/shaka-player/dist/shaka-player.compiled.js", import.meta.url));

/** Runs a program to its end, or for so long; what it printed and how it ended. */
function run(program, arguments_, limit) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, arguments_, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    const late = setTimeout(() => child.kill("SIGKILL"), limit * 1000);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, output });
    });
  });
}

// Four players one after the other with three channels each, the linter twice as long.
describe("other players", { timeout: (600 + 18 * seconds) * 1000 }, () => {
  let tower;
  let channels;

  before(async () => {
    tower = await Tower.start();
    channels = await tower.onAir(3);
  });

  after(() => tower?.stop());

  const master = async (channel) => {
    const answer = await fetch(`${tower.url}/api/v1/playback`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ channel: channel.id }),
    });
    assert.equal(answer.status, 201);
    return new URL((await answer.json()).url, tower.url).href;
  };

  test("Shaka Player plays every channel", async () => {
    const browser = await Browser.start();
    try {
      for (const channel of channels) {
        // A page of the same host: Chromium does not let one from elsewhere ask this machine for anything.
        const page = await browser.open("about:blank");
        const body = "<!doctype html><video muted></video>";
        await page.route(`${tower.url}/shaka`, (route) => route.fulfill({ contentType: "text/html", body }));
        await page.goto(`${tower.url}/shaka`);
        await page.addScriptTag({ path: shaka });
        await page.evaluate(async (url) => {
          const video = document.querySelector("video");
          const player = new globalThis.shaka.Player();
          globalThis.problems = [];
          player.addEventListener("error", (event) => globalThis.problems.push(String(event.detail?.code)));
          await player.attach(video);
          await player.load(url).catch((error) => {
            throw new Error(`Shaka error ${error.code}: ${JSON.stringify(error.data)}`);
          });
          await video.play();
        }, await master(channel));
        const time = () => page.evaluate(() => document.querySelector("video").currentTime);
        const first = await until("the first picture", 20, async () => (await time()) || null);
        await until(`${seconds} s in Shaka`, seconds + 20, async () => (await time()) >= first + seconds);
        assert.deepEqual(await page.evaluate(() => globalThis.problems), [], channel.name);
        await page.close();
      }
    } finally {
      await browser.stop();
    }
  });

  test("ffmpeg decodes every rendition without a complaint", async () => {
    for (const channel of channels) {
      const { code, output } = await run(
        "ffmpeg",
        ["-v", "warning", "-i", await master(channel), "-map", "0", "-t", String(seconds), "-f", "null", "-"],
        seconds * 3 + 60,
      );
      assert.equal(code, 0, output);
      // ffmpeg 5 reads the initialization section again after each reload of any live playlist with one, and says so.
      const complaints = output.split("\n").filter((line) => line && !line.includes("Found duplicated MOOV Atom"));
      assert.deepEqual(complaints, [], channel.name);
    }
  });

  test("GStreamer's own HLS demuxer plays every channel", async () => {
    for (const channel of channels) {
      const pipeline = `souphttpsrc location=${await master(channel)} ! hlsdemux ! decodebin ! fakesink sync=true`;
      const { output } = await run(
        "timeout",
        ["-s", "INT", String(seconds + 8), "gst-launch-1.0", ...pipeline.split(" ")],
        seconds + 60,
      );
      assert.ok(!/ERROR|CRITICAL/.test(output), `${channel.name}: ${output}`);
      assert.ok(/PLAYING/.test(output), `${channel.name}: ${output}`);
    }
  });

  test("the linter has nothing to say", async () => {
    for (const channel of channels) {
      const { code, output } = await run(
        tower.binary,
        ["lint", await master(channel), "--for", `${seconds * 2}s`],
        seconds * 2 + 60,
      );
      assert.equal(code, 0, output);
    }
  });
});
