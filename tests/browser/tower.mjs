// A browser in front of a Funkturm of its own.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { Tower, root, until } from "../lib/tower.mjs";

export { Tower, until };

const shots = join(root, "tests/browser/shots");

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
        ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
      ],
    });
    return browser;
  }

  /** A page that remembers what it complains about. */
  async open(url, size = { width: 1280, height: 800 }) {
    const context = await this.chromium.newContext({ viewport: size, locale: "en-GB" });
    const page = await context.newPage();
    page.complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") page.complaints.push(message.text());
    });
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    await page.goto(url);
    return page;
  }

  async stop() {
    await this.chromium.close();
  }
}

/** Keeps a picture of the page for people to look at. */
export async function shoot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Waits until the player plays: its time advances by that many seconds. */
export async function plays(page, seconds, within) {
  const time = () => page.getByTestId("player").evaluate((video) => (video.readyState >= 3 ? video.currentTime : -1));
  const first = await until("the first picture", within, async () => {
    const now = await time();
    return now > 0 ? { now } : null;
  });
  await until(`${seconds} s of playback`, seconds + within, async () => (await time()) >= first.now + seconds);
}
