// A Funkturm of its own for a test: `funkturm up` on free ports with an empty state.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, existsSync, chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function until(what, seconds, condition) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}${last ? `: ${last.message}` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The body of an answer, which must be a good one. */
export async function demand(answer) {
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${said}`);
  return said && JSON.parse(said);
}

export class Tower {
  /** With these arguments to `funkturm up`. */
  static async start(...more) {
    const tower = new this();
    tower.binary = process.env.FUNKTURM_BINARY ?? join(root, "target/debug/funkturm");
    tower.folder = mkdtempSync(join(tmpdir(), "funkturm-test-"));
    chmodSync(tower.folder, 0o755); // as root the stores run as a user of their own, who has to get in
    tower.state = join(tower.folder, "state");
    tower.output = "";
    const arguments_ = ["up", "--state", tower.state, "--listen", "127.0.0.1:0", ...more];
    tower.process = spawn(tower.binary, arguments_, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk) => (tower.output = (tower.output + chunk).slice(-200_000));
    tower.process.stdout.on("data", keep);
    tower.process.stderr.on("data", keep);
    tower.exited = new Promise((resolve) => tower.process.on("exit", resolve));
    try {
      await until("funkturm up to be ready", 180, () => {
        if (tower.process.exitCode !== null) throw new Error("it has ended");
        return tower.output.includes("Ctrl-C stops everything");
      });
    } catch (error) {
      process.stderr.write(tower.output);
      await tower.stop();
      throw error;
    }
    tower.url = readFileSync(join(tower.state, "url"), "ascii").trim();
    tower.token = readFileSync(join(tower.state, "operator.token"), "ascii").trim();
    return tower;
  }

  get(path) {
    return this.operate("GET", path);
  }

  /** Sends a request as whoever has the token. */
  send(method, path, { token, body, form, raw, type, headers = {}, base = this.url } = {}) {
    if (token) headers = { ...headers, authorization: `Bearer ${token}` };
    if (form) return fetch(base + path, { method, headers, body: new URLSearchParams(form), redirect: "manual" });
    if (body !== undefined) [raw, type] = [JSON.stringify(body), "application/json"];
    if (raw !== undefined) headers = { ...headers, "content-type": type };
    return fetch(base + path, { method, headers, body: raw, redirect: "manual" });
  }

  /** Does what operators do, and answers what came of it. */
  async operate(method, path, body) {
    return demand(await this.send(method, path, { token: this.token, body }));
  }

  /** The line-up, as soon as so many channels are on air. */
  onAir(count) {
    return until(`${count} channels on air`, 90, async () => {
      const { channels } = await this.get("/api/v1/channels");
      // A channel in its first seconds has too little for a player to begin with; that is not what is tried here.
      const origins = await this.get("/admin/v1/origins");
      const windows = origins.flatMap((origin) => origin.channels).filter((channel) => channel.seconds >= 15);
      return Math.min(channels.filter((channel) => channel.on_air).length, windows.length) >= count && channels;
    });
  }

  run(...arguments_) {
    return execFileSync(this.binary, [...arguments_, "--state", this.state], { encoding: "utf8" });
  }

  /** Process ids of children whose command line contains the words. */
  pids(words) {
    const found = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8", maxBuffer: 1 << 24 });
    return found
      .split("\n")
      .filter((line) => line.includes(words) && line.includes(this.state))
      .map((line) => Number.parseInt(line, 10));
  }

  async stop() {
    if (this.process.exitCode === null) {
      this.process.kill("SIGINT");
      const late = setTimeout(() => this.process.kill("SIGKILL"), 30_000);
      await this.exited;
      clearTimeout(late);
    }
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}
