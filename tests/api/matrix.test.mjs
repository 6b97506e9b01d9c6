// The authorisation matrix: every endpoint of the public document × nobody, the owner, another household, a child's profile, an operator.
// What each of them must get is in table.mjs; an endpoint without a row there, or a row without an endpoint, fails.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Doors } from "../lib/house.mjs";
import { root } from "../lib/tower.mjs";
import { HOUSEHOLD, OPERATORS, PUBLIC } from "./table.mjs";

/** The columns of the table. */
const CALLERS = ["nobody", "owner", "other", "child", "operator"];
/** In this order they ask: whoever may change something comes last. */
const ORDER = ["nobody", "other", "child", "operator", "owner"];
const ORDER_OF_OPERATORS = ["nobody", "other", "child", "owner", "operator"];
/** What the front serves and the document leaves out: pages and files, media, what machines ask. */
const UNDESCRIBED = [
  /^GET \/(console|watch\/\{channel\}|assets\/\{name\}|\{name\})?$/,
  /^GET \/(sign-up|confirm|login|reset|email|help|profiles|devices|pair|tv|account(\/[a-z]+)?)$/,
  /^GET \/hls(-check)?\//,
  /^GET \/(healthz|readyz|api\/openapi\.json)$/,
];
/** What the admin listener has, and the front has not. */
const BEHIND = ["GET /metrics", "GET /live", "GET /ready", "GET /log-level", "PUT /log-level", "GET /config"];
/** What `security` says of the endpoints of each part of the table. */
const PARTS = [
  [undefined, PUBLIC, "PUBLIC"],
  ["household", HOUSEHOLD, "HOUSEHOLD"],
  ["operator", OPERATORS, "OPERATORS"],
];
const METHODS = ["get", "put", "post", "patch", "delete"];

/** The cases of a row, in one shape. */
function casesOf(row) {
  if (Array.isArray(row[0])) return [{ get: row[0], ...row[1] }];
  return row;
}

const valueOf = (value, x) => (typeof value === "function" ? value(x) : value);

describe("the authorisation matrix", { timeout: 600_000 }, () => {
  let doors;
  let document;
  /** `METHOD path` → its description. */
  let endpoints;

  before(async () => {
    doors = await Doors.open();
    document = await (await fetch(`${doors.url}/api/openapi.json`)).json();
    endpoints = new Map(
      Object.entries(document.paths).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]).map((method) => [`${method.toUpperCase()} ${path}`, item[method]]),
      ),
    );
  });

  after(() => doors?.stop());

  test("has a row for every endpoint, and no row for another", () => {
    const rows = new Set(PARTS.flatMap(([, part]) => Object.keys(part)));
    const missing = [...endpoints.keys()].filter((endpoint) => !rows.has(endpoint));
    assert.deepEqual(missing, [], "these endpoints are described, but tests/api/table.mjs does not say who gets what: add a row for each");
    const superfluous = [...rows].filter((row) => !endpoints.has(row));
    assert.deepEqual(superfluous, [], "these rows of tests/api/table.mjs have no endpoint in /api/openapi.json: remove them");
  });

  test("has the ways to log in, and every endpoint says which one it needs", () => {
    const schemes = Object.keys(document.components.securitySchemes).sort();
    assert.deepEqual(schemes, ["household", "operator"], "the ways to log in that the document describes");
    for (const [security, part, name] of PARTS) {
      for (const endpoint of Object.keys(part).filter((key) => endpoints.has(key))) {
        const expected = security ? [{ [security]: [] }] : undefined;
        assert.deepEqual(endpoints.get(endpoint).security, expected, `${endpoint} is in ${name} of tests/api/table.mjs: its \`security\``);
      }
    }
  });

  test("every route that the front serves is described, or known to need no description", async () => {
    const served = new Set(await doors.served());
    assert.ok(served.size > endpoints.size, `metrics name only ${served.size} routes`);
    const known = (route) =>
      endpoints.has(route) || BEHIND.includes(route) || / \/internal\//.test(route) || UNDESCRIBED.some((one) => one.test(route));
    assert.deepEqual([...served].filter((route) => !known(route)), [], "these are served, but no document describes them");
    assert.deepEqual([...endpoints.keys()].filter((route) => !served.has(route)), [], "these are described, but not served");
  });

  test("nothing that services tell each other is reachable from outside", async () => {
    const internal = (await doors.served()).filter((route) => / \/internal\//.test(route));
    assert.ok(internal.length >= 10, `metrics name only ${internal.length} internal routes`);
    const service = readFileSync(join(doors.state, "service.token"), "ascii").trim();
    for (const route of [...internal, ...BEHIND]) {
      const [method, pattern] = route.split(" ");
      const path = pattern.replace(/\{[a-z_]+(\.\.)?\}/g, "01890000-0000-7000-8000-000000000000");
      for (const token of [undefined, doors.token, service]) {
        const answer = await doors.send(method, path, { token });
        // Files lie at the root, for GET alone.
        const gone = method === "GET" || pattern.split("/").length > 2 ? [404] : [404, 405];
        assert.ok(gone.includes(answer.status), `${method} ${path} with ${token ? "a" : "no"} token: ${answer.status}`);
      }
    }
  });

  test("nginx leads every endpoint to a service", () => {
    const catalogue = readFileSync(join(root, "crates/services/catalogue.toml"), "utf8");
    const routes = [...catalogue.matchAll(/^routes = \[([^\]]*)\]/gm)].flatMap(([, list]) => [...list.matchAll(/"([^"]+)"/g)]);
    const prefixes = routes.map(([, prefix]) => prefix).filter((prefix) => prefix !== "/");
    const under = (path, prefix) => path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
    const paths = Object.keys(document.paths);
    // What no prefix has goes to web, which has this one endpoint.
    const lost = paths.filter((path) => path !== "/api/v1/house" && !prefixes.some((prefix) => under(path, prefix)));
    assert.deepEqual(lost, [], "no `routes` in crates/services/catalogue.toml begin these paths: nginx would send them to web");
    const idle = prefixes.filter((prefix) => prefix !== "/hls" && !paths.some((path) => under(path, prefix)));
    assert.deepEqual(idle, [], "these `routes` in crates/services/catalogue.toml lead to nothing that is described");
  });

  for (const [security, part] of PARTS) {
    for (const [endpoint, row] of Object.entries(part)) {
      for (const each of casesOf(row)) {
        test(each.case ? `${endpoint}, ${each.case}` : endpoint, () => ask(endpoint, each, security));
      }
    }
  }

  /** Sends the request of a row as every caller, and looks at what they get and what it did. */
  async function ask(endpoint, row, security) {
    const [owner, other] = await Promise.all([doors.household(), doors.household()]);
    const tokens = { operator: doors.token, owner: owner.token, other: other.token, child: owner.childToken };
    const x = { doors, owner, other };
    for (const who of security === "operator" ? ORDER_OF_OPERATORS : ORDER) {
      Object.assign(x, { who, caller: who === "other" ? other : owner });
      if (row.things && (row.each || !x.things)) x.things = await row.things(x);
      const expected = row.get[CALLERS.indexOf(who)];
      const [mine, before] = await Promise.all([owner.secrets(), owner.everything()]);
      const request = {
        token: tokens[who],
        ...Object.fromEntries(["body", "form", "raw", "type"].map((key) => [key, valueOf(row[key], x)])),
      };
      const path = pathOf(endpoint, row, x);
      const answer = await doors.send(endpoint.split(" ")[0], path, request);
      const said = `${[...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n")}\n${await answer.text()}`;
      assert.equal(answer.status, expected, `${endpoint} as ${who}: ${said}`);
      if (expected >= 400) refusal(answer, endpoint);
      const stranger = who === "nobody" || who === "other";
      if (stranger && security) {
        const named = path + JSON.stringify(request);
        const leaked = mine.filter((secret) => said.includes(secret) && !named.includes(secret));
        assert.deepEqual(leaked, [], `${endpoint} tells ${who} of the owner: ${said}`);
      }
      const untouched = security === "household" ? who !== "owner" && (who !== "child" || expected >= 400) : expected === 401;
      if (untouched) assert.deepEqual(await owner.everything(), before, `${endpoint} as ${who} changed something of the owner's`);
    }
  }
});

/** The path of a request with its parameters, every one of which the row has to fill in. */
function pathOf(endpoint, row, x) {
  const params = valueOf(row.path, x) ?? {};
  const filled = endpoint.split(" ")[1].replace(/\{([a-z_]+)\}/g, (_, name) => {
    assert.ok(params[name], `the row of ${endpoint} in tests/api/table.mjs does not fill in {${name}}`);
    return encodeURIComponent(params[name]);
  });
  const query = valueOf(row.query, x);
  return query ? `${filled}?${new URLSearchParams(query)}` : filled;
}

/** Refusals are problems (RFC 9457), or OAuth's own (RFC 6749 5.2). */
function refusal(answer, endpoint) {
  const oauth = ["POST /api/v1/tokens", "POST /api/v1/device_authorization"].includes(endpoint);
  assert.equal(answer.headers.get("content-type"), oauth ? "application/json" : "application/problem+json", endpoint);
  assert.ok(!answer.headers.get("cache-control")?.includes("public"), `${endpoint}: a refusal is not to be kept`);
}
