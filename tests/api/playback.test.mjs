// Playback as a fleet has it: processes of their own over one Redis, real players, and rights that come and go.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Ffmpeg } from "../lib/ffmpeg.mjs";
import { Doors } from "../lib/house.mjs";
import { freePort, until } from "../lib/tower.mjs";

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

/** `funkturm serve playback` with what `funkturm up` told its transcoder: where the others are, and the tokens. */
class Instance {
  static async start(tower) {
    const instance = new Instance();
    const told = readFileSync(join(tower.state, "transcode.toml"), "utf8");
    const setting = (name) => told.match(new RegExp(`^${name} = ("[^"]*")`, "m"))[1];
    const internal = setting("channels");
    const port = await freePort();
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

  const put = (withdrawn) => tower.operate("PUT", "/admin/v1/offer", offer(channels, withdrawn));
  const told = async (answer) => ({ status: answer.status, body: await answer.json() });
  const play = async (token, channel, base) => told(await tower.send("POST", "/api/v1/playback", { token, body: { channel: channel.id }, base }));
  const running = async (token, base) => told(await tower.send("GET", "/api/v1/me/sessions", { token, base }));

  before(async () => {
    tower = await Doors.closed([], `playback.token_seconds=${TOKEN_SECONDS}`, "playback.heartbeat_seconds=20");
    channels = await tower.onAir(3);
    await put();
  });

  after(() => tower?.stop());

  test("two hundred race for two streams, and get exactly two, while one of two instances is killed", async () => {
    for (const pause of [0, 15, 40, 80]) {
      const { token } = await tower.household();
      const instances = await Promise.all([Instance.start(tower), Instance.start(tower)]);
      try {
        for (const instance of instances) {
          await until(`playback at ${instance.url}`, 30, async () => {
            assert.equal(instance.process.exitCode, null, instance.output);
            return (await running(token, instance.url)).status === 200;
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
        const { body: sessions } = await running(token, instances[0].url);
        assert.equal(sessions.length, 2);
        for (const { body } of created) assert.ok(sessions.some(({ session }) => session === body.session));
        assert.equal((await play(token, channels[0], instances[0].url)).status, 403);
      } finally {
        await Promise.all(instances.map((instance) => instance.kill()));
      }
    }
  });

  test("a withdrawn right stops a player within one token's life", async (context) => {
    const { token } = await tower.household();
    const { status, body } = await play(token, channels[1]);
    assert.equal(status, 201, JSON.stringify(body));
    const url = new URL(body.url, tower.url).href;
    const player = new Ffmpeg(url, "-map", "0:v:0", "-c", "copy");
    const beat = () => tower.send("POST", `/api/v1/playback/${body.session}`, { token }).catch(() => {});
    const heartbeats = setInterval(beat, 5_000);
    try {
      await player.plays(11, 60);
      const ended = player.ends(TOKEN_SECONDS);
      await put(channels[1].id);
      const seconds = await ended;
      context.diagnostic(`it ended ${seconds.toFixed(1)} s after the right was withdrawn, having played ${player.seconds.toFixed(1)} s`);
      assert.match(player.said, /40[13]/);
    } finally {
      clearInterval(heartbeats);
      await player.stop();
    }
    const again = await play(token, channels[1]);
    assert.equal(again.status, 403, JSON.stringify(again.body));
    // The others go on.
    assert.equal((await play(token, channels[0])).status, 201);
    await put();
  });
});
