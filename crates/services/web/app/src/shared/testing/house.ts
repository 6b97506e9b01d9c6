// For tests of pages: a house behind a real HTTP server, which answers by the contract of accounts, and a browser's
// document in which a page is opened as by a visit.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type FunctionComponent, h, render } from "preact";
import { vi } from "vitest";

export interface Asked {
  method: string;
  path: string;
  authorization: string | undefined;
  // The body: JSON, or a form's fields.
  body: Record<string, unknown>;
}

export interface Answer {
  status: number;
  body?: unknown;
}

// By `METHOD /path`, the path without its query.
export type Routes = Record<string, (asked: Asked) => Answer>;

export interface Page {
  App: FunctionComponent;
  start: () => Promise<void>;
}

async function account(): Promise<Page> {
  const [{ App }, { learnHouse }] = await Promise.all([import("../../account/app"), import("../house")]);
  return { App, start: learnHouse };
}

export class House {
  readonly asked: Asked[] = [];

  private constructor(
    private readonly server: Server,
    readonly routes: Routes,
  ) {}

  static async open(routes: Routes): Promise<House> {
    const server = createServer();
    const house = new House(server, routes);
    server.on("request", async (request, response) => {
      const asked = await read(request);
      house.asked.push(asked);
      const route = house.routes[`${asked.method} ${asked.path}`];
      const { status, body } = route?.(asked) ?? { status: 404, body: { title: "Not Found" } };
      const type = status >= 400 ? "application/problem+json" : "application/json";
      response.writeHead(status, { "content-type": type });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return house;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  // What came to a route.
  at(route: string): Asked[] {
    return this.asked.filter(({ method, path }) => `${method} ${path}` === route);
  }

  // Opens a page as a new tab does: everything but the storage begins anew. `page` imports what is shown and what has
  // to be done once.
  async visit(path: string, page: () => Promise<Page> = account): Promise<void> {
    this.leave();
    vi.resetModules();
    const browser = window as unknown as { happyDOM: { setURL(url: string): void } };
    browser.happyDOM.setURL(this.url + path);
    document.body.innerHTML = '<div id="app"></div>';
    const { App, start } = await page();
    const root = document.getElementById("app");
    if (root) render(h(App, null), root);
    await start();
  }

  private leave(): void {
    const root = document.getElementById("app");
    if (root) render(null, root);
  }

  async close(): Promise<void> {
    this.leave();
    localStorage.clear();
    sessionStorage.clear();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function read(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const body = isForm ? Object.fromEntries(new URLSearchParams(text)) : text === "" ? {} : JSON.parse(text);
  const { method = "", url = "", headers } = request;
  return { method, path: new URL(url, "http://x").pathname, authorization: headers.authorization, body };
}

// The element of this selector, as soon as there is one that the condition holds for.
export function shown<E extends HTMLElement = HTMLElement>(selector: string, text = ""): Promise<E> {
  return vi.waitFor(
    () => {
      const found = [...document.querySelectorAll<E>(selector)].find((each) =>
        each.textContent?.includes(text),
      );
      if (found === undefined) throw new Error(`no ${selector} with ${text} in ${document.body.innerHTML}`);
      return found;
    },
    { timeout: 5_000, interval: 10 },
  );
}

export async function type(name: string, value: string): Promise<void> {
  const input = await shown<HTMLInputElement>(`input[name="${name}"]`);
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

export async function submit(): Promise<void> {
  // What was typed has to be rendered first.
  await new Promise((resolve) => setTimeout(resolve));
  const form = await shown<HTMLFormElement>("form");
  form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}
