// Playback as a fleet has it: processes of their own over one Redis, real players, and rights that come and go.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Tower, until } from "../lib/tower.mjs";

const PASSWORD = "drei enten am see";
/** The shortest life of a token that can be set, seconds. */
const TOKEN_SECONDS = 60;

const text = (name) => ({ de: name, en: name });
const actions = ["live", "hd"];

/** Two streams at once of every channel; or of all but this one, whose broadcaster has withdrawn it. */
const offer = (channels, withdrawn) => ({
  packages: [{ id: "basic", name: text("Basic"), description: text("All."), order: 1, streams: 2, gives: [{ every_channel: true, actions }] }],
  channel_groups: [],
  broadcasters: [],
  licences: channels.map(({ id }) => ({ id, channels: [id], actions, ...(id === withdrawn && { until: new Date().toISOString() }) })),
  plans: [],
});

const free = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** `funkturm serve playback` with what `funkturm up` told its transcoder: where the others are, and the tokens. */
class Instance {
  static async start(tower) {
    const instance = new Instance();
    const told = readFileSync(join(tower.state, "transcode.toml"), "utf8");
    const setting = (name) => told.match(new RegExp(`^${name} = ("[^"]*")`, "m"))[1];
    const internal = setting("channels");
    const port = await free();
    const file = join(tower.folder, `playback-${port}.toml`);
    writeFileSync(
      file,
      `[process]
listen = "127.0.0.1:${port}"
admin_listen = "127.0.0.1:0"
[process.auth]
service_token_file = ${setting("service_token_file")}
operator_token_file = "${join(tower.state, "operator.token")}"
[playback]
redis = ${setting("redis")}
channels = ${internal}
accounts = ${internal}
rights = ${internal}
origins = [${internal}]
token_keys_file = "${join(tower.state, "playback.keys")}"
without_redis = "fail_closed"
`,
    );
    instance.url = `http://127.0.0.1:${port}`;
    instance.output = "";
    instance.process = spawn(tower.binary, ["serve", "playback", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [instance.process.stdout, instance.process.stderr]) {
      stream.on("data", (chunk) => (instance.output += chunk));
    }
    instance.ended = new Promise((resolve) => instance.process.on("exit", resolve));
    return instance;
  }

  kill() {
    this.process.kill("SIGKILL");
    return this.ended;
  }
}

describe("playback", { timeout: 600_000 }, () => {
  let tower;
  let channels;

  const json = async (path, token, init = {}, base = tower.url) => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(base + path, { headers, ...init });
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
  };
  const put = async (withdrawn) => {
    const { status, body } = await json("/admin/v1/offer", tower.token, {
      method: "PUT",
      body: JSON.stringify(offer(channels, withdrawn)),
    });
    assert.equal(status, 200, JSON.stringify(body));
  };
  /** A household of its own, logged in. */
  const household = async (email) => {
    const file = join(tower.folder, "password");
    writeFileSync(file, PASSWORD);
    tower.run("user", "add", email, "--password-file", file);
    const device = { device_name: "Test", device_kind: "computer" };
    const form = new URLSearchParams({ grant_type: "password", username: email, password: PASSWORD, ...device });
    const answer = await fetch(`${tower.url}/api/v1/tokens`, { method: "POST", body: form });
    const body = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(body));
    // Rights hears of it a moment later.
    await until("the household's package", 30, async () => {
      const { body: rights } = await json("/api/v1/me/rights", body.access_token);
      return Object.keys(rights.channels).length > 0;
    });
    return body.access_token;
  };
  const play = (token, channel, base) =>
    json("/api/v1/playback", token, { method: "POST", body: JSON.stringify({ channel: channel.id }) }, base);

  before(async () => {
    tower = await Tower.start(
      ...["playback.open_house=false", "origin.open_house=false", "web.house.open=false"].flatMap((set) => ["--set", set]),
      ...["rights.welcome_package=basic", `playback.token_seconds=${TOKEN_SECONDS}`, "playback.heartbeat_seconds=20"].flatMap((set) => ["--set", set]),
    );
    channels = await tower.onAir(3);
    await put();
  });

  after(() => tower?.stop());

  test("two hundred race for two streams, and get exactly two, while one of two instances is killed", async () => {
    for (const [round, pause] of [0, 15, 40, 80].entries()) {
      const token = await household(`racer-${round}@example.org`);
      const instances = await Promise.all([Instance.start(tower), Instance.start(tower)]);
      try {
        for (const instance of instances) {
          await until(`playback at ${instance.url}`, 30, async () => {
            assert.equal(instance.process.exitCode, null, instance.output);
            return (await json("/api/v1/me/sessions", token, {}, instance.url)).status === 200;
          });
        }
        const racing = Array.from({ length: 200 }, (_, n) => play(token, channels[0], instances[n % 2].url).catch(() => null));
        const killed = new Promise((resolve) => setTimeout(resolve, pause)).then(() => instances[1].kill());
        const results = (await Promise.all(racing)).filter((result) => result);
        await killed;
        const created = results.filter(({ status }) => status === 201);
        for (const { status, body } of results) assert.ok([201, 403, 503].includes(status), JSON.stringify(body));
        assert.ok(results.length >= 100, `only ${results.length} got an answer of the one that lives`);
        assert.ok(created.length <= 2, `${created.length} got a stream`);
        // What the killed one opened without saying so counts until its heartbeats stay out.
        const { body: running } = await json("/api/v1/me/sessions", token, {}, instances[0].url);
        assert.equal(running.length, 2);
        for (const { body } of created) assert.ok(running.some(({ session }) => session === body.session));
        assert.equal((await play(token, channels[0], instances[0].url)).status, 403);
      } finally {
        await Promise.all(instances.map((instance) => instance.kill()));
      }
    }
  });

  test("a withdrawn right stops a player within one token's life", async (context) => {
    const token = await household("watcher@example.org");
    const { status, body } = await play(token, channels[1]);
    assert.equal(status, 201, JSON.stringify(body));
    const url = new URL(body.url, tower.url).href;
    const player = spawn("ffmpeg", ["-hide_banner", "-nostats", "-progress", "pipe:1", "-i", url, "-map", "0:v:0", "-c", "copy", "-f", "null", "-"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let seconds = 0;
    let said = "";
    player.stdout.on("data", (chunk) => {
      for (const [, time] of String(chunk).matchAll(/out_time_us=(\d+)/g)) seconds = Number(time) / 1e6;
    });
    player.stderr.on("data", (chunk) => (said = (said + chunk).slice(-2_000)));
    let over = false;
    const ended = new Promise((resolve) => player.on("exit", resolve)).then(() => (over = true));
    try {
      const heartbeats = setInterval(() => json(`/api/v1/playback/${body.session}`, token, { method: "POST" }).catch(() => {}), 5_000);
      await until("ten seconds of television", 60, () => {
        assert.ok(!over, said);
        return seconds > 10;
      });
      const since = Date.now();
      await put(channels[1].id);
      await until("the player to end", TOKEN_SECONDS, () => {
        if (!over) throw new Error(`it goes on: ${said}`);
        return true;
      });
      clearInterval(heartbeats);
      context.diagnostic(`it ended ${((Date.now() - since) / 1000).toFixed(1)} s after the right was withdrawn, having played ${seconds.toFixed(1)} s`);
      assert.match(said, /40[13]/, said);
    } finally {
      player.kill("SIGKILL");
      await ended;
    }
    const again = await play(token, channels[1]);
    assert.equal(again.status, 403, JSON.stringify(again.body));
    // The others go on.
    assert.equal((await play(token, channels[0])).status, 201);
    await put();
  });
});
