// What goes wrong in the night, and what a viewer sees of it: nothing.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Browser, Tower, plays, until } from "./tower.mjs";

/** Twelve seconds of a test picture with a tone, as a broadcaster would send it. */
function recording(file, size) {
  const encoding = "-c:v libx264 -preset ultrafast -b:v 1500k -g 25 -bf 2 -pix_fmt yuv420p -c:a aac -ac 2 -f mpegts";
  execFileSync("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=12`],
    ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=12", ...encoding.split(" "), file],
  ]);
}

describe("trouble", { timeout: 400_000 }, () => {
  let tower;
  let browser;
  const children = [];

  before(async () => {
    tower = await Tower.start("--set", "transcode.segment_seconds=4", "--no-demo");
    browser = await Browser.start();
    recording(join(tower.folder, "main.ts"), "640x360");
    recording(join(tower.folder, "spare.ts"), "426x240");
  });

  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await browser?.stop();
    await tower?.stop();
  });

  const start = (...arguments_) => {
    const child = spawn(tower.binary, arguments_, { stdio: "ignore" });
    children.push(child);
    return child;
  };
  const send = (file, port, ...faults) => start("play", join(tower.folder, file), `udp://127.0.0.1:${port}`, ...faults);
  const port = () => 20_000 + Math.floor(Math.random() * 20_000);

  const onAir = (name) =>
    until(`${name} on air`, 60, async () => {
      const { channels } = await tower.get("/api/v1/channels");
      return channels.find((channel) => channel.name === name && channel.on_air);
    });

  /** Watches a channel for so many seconds; the longest time that the picture stood still, seconds. */
  const longestStop = async (page, seconds) => {
    const time = () => page.getByTestId("player").evaluate((video) => video.currentTime);
    let [shown, moved, longest] = [await time(), Date.now(), 0];
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const now = await time();
      if (now > shown) [shown, moved] = [now, Date.now()];
      longest = Math.max(longest, (Date.now() - moved) / 1000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return longest;
  };

  test("an input is cut: the next one is on air within two seconds, and the player does not stop", async () => {
    const [main, spare] = [port(), port()];
    const cut = send("main.ts", main);
    send("spare.ts", spare);
    tower.run("channel", "add", "Failover", "--input", `udp://127.0.0.1:${main}`, "--input", `udp://127.0.0.1:${spare}`);
    const channel = await onAir("Failover");
    const active = async () => {
      const hosts = await tower.get("/admin/v1/inputs");
      return hosts.flatMap((host) => host.inputs).find((input) => input.channel === channel.id && input.state === "active");
    };
    await until("the first input", 20, async () => (await active())?.preference === 0);
    const page = await browser.open(`${tower.url}/watch/${channel.id}`);
    await plays(page, 6, 15);
    cut.kill("SIGKILL");
    const gone = Date.now();
    await until("the second input", 5, async () => (await active())?.preference === 1);
    const took = Date.now() - gone;
    console.log(`the spare input was on air ${took} ms after the cut`);
    assert.ok(took <= 2500, `${took} ms until the spare input was on air`); // two seconds, and the time to see it
    const stop = await longestStop(page, 25);
    console.log(`the picture stood still for ${stop.toFixed(1)} s at most`);
    assert.ok(stop < 3, `the picture stood still for ${stop} s`);
    await page.close();
    tower.run("channel", "remove", channel.id); // so that the machine has its time for what follows
  });

  test("one of two transcoders of a channel dies, and nobody notices", async () => {
    const [input, second] = [port(), port()];
    send("main.ts", input);
    const config = join(tower.folder, "second.toml");
    const first = readFileSync(join(tower.state, "transcode.toml"), "utf8");
    writeFileSync(config, first.replace(/^listen = .*$/m, `listen = "127.0.0.1:${second}"`));
    start("serve", "transcode", "--config", config);
    tower.run("channel", "add", "Twice", "--redundant", "--profile", "sd", "--input", `udp://127.0.0.1:${input}`);
    const channel = await onAir("Twice");
    const token = readFileSync(join(tower.state, "service.token"), "ascii").trim();
    const segmentOf = async (base) => {
      const answer = await fetch(`${base}/internal/v1/status`, { headers: { authorization: `Bearer ${token}` } });
      const { channels } = await answer.json();
      return channels.find((one) => one.channel === channel.id)?.last_segment;
    };
    const one = /^listen = "(.*)"$/m.exec(first)[1];
    const both = async () =>
      [await segmentOf(`http://${one}`), await segmentOf(`http://127.0.0.1:${second}`)];
    await until("both to make segments of the same numbers", 40, async () => {
      const [a, b] = await both();
      return a && b && Math.abs(a - b) <= 1;
    });
    const page = await browser.open(`${tower.url}/watch/${channel.id}`);
    await plays(page, 9, 15);
    for (const pid of tower.pids("serve transcode")) process.kill(pid, "SIGKILL");
    const stop = await longestStop(page, 25);
    console.log(`the picture stood still for ${stop.toFixed(1)} s at most`);
    assert.ok(stop < 3, `the picture stood still for ${stop} s`);
    const playlist = await (await fetch(`${tower.url}/hls/open/${channel.id}/v0/index.m3u8`)).text();
    assert.ok(!/EXT-X-(DISCONTINUITY|GAP)$/m.test(playlist), playlist);
    await page.close();
  });

  test("one per cent of packets lost, flipped bits and noise: it plays on by itself", async () => {
    const input = port();
    send("main.ts", input, "--loss", "1%", "--flip", "0.1%", "--noise", "0.1%");
    tower.run("channel", "add", "Noise", "--profile", "sd", "--input", `udp://127.0.0.1:${input}`);
    const channel = await onAir("Noise");
    const page = await browser.open(`${tower.url}/watch/${channel.id}`);
    await plays(page, 20, 40);
    await page.close();
  });
});
