// The real ffmpeg as a player.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";

import { until } from "./tower.mjs";

export class Ffmpeg {
  /** It plays everything that is at the address, decoded; or what `output` says. */
  constructor(url, ...output) {
    this.seconds = 0;
    this.said = "";
    const arguments_ = ["-nostdin", "-v", "warning", "-progress", "pipe:1", "-i", url, ...output, "-f", "null", "-"];
    this.process = spawn("ffmpeg", arguments_, { stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout.on("data", (chunk) => {
      for (const [, micros] of String(chunk).matchAll(/out_time_us=(\d+)/g)) this.seconds = Number(micros) / 1e6;
    });
    this.process.stderr.on("data", (chunk) => (this.said += chunk));
    this.ended = new Promise((resolve) => this.process.on("exit", resolve));
  }

  get hasEnded() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  plays(seconds, within) {
    return until(`ffmpeg to play ${seconds} s`, within, () => {
      assert.ok(!this.hasEnded, `it ended at ${this.seconds} s: ${this.said}`);
      return this.seconds >= seconds;
    });
  }

  /** Ends by itself in time; after how many seconds. */
  async ends(within) {
    const since = Date.now();
    const late = new Promise((resolve) => setTimeout(resolve, within * 1000, "late").unref());
    assert.notEqual(await Promise.race([this.ended, late]), "late", `ffmpeg goes on: ${this.said}`);
    return (Date.now() - since) / 1000;
  }

  async stop() {
    if (!this.hasEnded) this.process.kill("SIGKILL");
    await this.ended;
  }
}
