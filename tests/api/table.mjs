// Who gets what: for every endpoint of /api/openapi.json the status that each of five callers gets. See matrix.test.mjs.
//
// A row:
//
//   "METHOD /path/{parameter}": [[nobody, owner, other, child, operator], { …what the request has… }],
//
// The owner is the household of the things that the request names; `other` another household with a good token of its own; `child` a
// child's profile of the owner's household, on another device; `operator` whoever has the operator's token. All of them send the same
// request, the owner last. What it has, each as it is or as a function of `x`:
//
//   things  made before, by the owner or an operator, for what follows to name (`x.things`); `each: true` makes them anew for every caller
//   path    path parameters, by name
//   query, body (JSON), form, raw (with `type`)
//
// `x` also has `doors` (the whole Funkturm), `owner` and `other` (two households of this row alone), `caller` (whose household asks;
// the owner's for nobody and operators), `who` (the caller's name). Where one endpoint has several cases, the row is a list of such
// rows, each with a `case` that says which.

import { LOGO, OFFER, PASSWORD, newAddress } from "../lib/house.mjs";

/** The same for everybody: who asks does not matter, or something else than a token of ours says it. */
const everybody = (status) => [status, status, status, status, status];
/** For households; a child's profile does not get the same. */
const household = ({ owner, other, child }) => [401, owner, other, child, 401];
/** For operators only. */
const operators = (status) => [401, 401, 401, 401, status];

/** What could be a link's token, and is none. */
const NO_LINK = "A".repeat(43);
const NOBODYS = "01890000-0000-7000-8000-000000000000";
const MEDIA = { channel: "eins", rendition: "v0", file: "index.m3u8" };

/** Without a token: these are public, and no others. */
export const PUBLIC = {
  "GET /api/v1/house": [everybody(200)],
  "GET /api/v1/keys": [everybody(200)],
  "GET /api/v1/channels": [everybody(200)],
  "GET /api/v1/channels/{id}": [everybody(200), { path: { id: "eins" } }],
  "GET /api/v1/channels/{id}/logo": [everybody(200), { path: { id: "eins" } }],
  "GET /api/v1/packages": [everybody(200)],

  "POST /api/v1/accounts": [
    everybody(202),
    { body: () => ({ email: newAddress(), password: PASSWORD, consents: { terms: true } }) },
  ],
  // What was in the mail is the key.
  "POST /api/v1/accounts/confirm": [everybody(404), { body: { token: "nobody-was-sent-this" } }],
  "POST /api/v1/accounts/email": [everybody(404), { body: { token: "nobody-was-sent-this" } }],
  "PUT /api/v1/accounts/password": [everybody(404), { body: { token: "nobody-was-sent-this", password: PASSWORD } }],
  // Whether there is such an account, nobody is told.
  "POST /api/v1/accounts/reset": [everybody(202), { body: () => ({ email: newAddress() }) }],
  // The password is the key; a token beside it opens nothing.
  "POST /api/v1/tokens": [
    { case: "the right password", get: everybody(200), form: (x) => log_in(x, PASSWORD) },
    { case: "a wrong password", get: everybody(400), form: (x) => log_in(x, "vier enten am see") },
    {
      case: "a refresh token that was handed out",
      get: everybody(200),
      each: true,
      things: (x) => x.owner.logIn("Phone"),
      form: (x) => ({ grant_type: "refresh_token", refresh_token: x.things.refresh_token }),
    },
  ],
  "POST /api/v1/device_authorization": [everybody(200), { form: { device_name: "Television" } }],
  // The operator of this house has no identity provider; crates/services/accounts/tests/openid.rs has one.
  "GET /api/v1/login/openid": [everybody(404)],
  "GET /api/v1/login/openid/callback": [everybody(404), { query: { state: "x", code: "y" } }],
  // The link's token is the key, and opens nothing of what a household's token opens.
  "GET /tv/{device_token}/channels.m3u": [
    { case: "a link", get: everybody(200), ...link() },
    { case: "no link", get: everybody(404), path: { device_token: NO_LINK } },
  ],
  "GET /tv/{device_token}/guide.xml": [
    { case: "a link", get: everybody(200), ...link() },
    { case: "no link", get: everybody(404), path: { device_token: NO_LINK } },
  ],
  // The channel is not on air in this house: with a good link one gets as far as that.
  "GET /tv/{device_token}/{file}": [
    { case: "a link", get: everybody(404), ...link({ file: "eins.m3u8" }) },
    { case: "no link", get: everybody(404), path: { device_token: NO_LINK, file: "eins.m3u8" } },
  ],
  "GET /tv/{device_token}/{session}/{channel}/{rendition}/{file}": [
    // Sessions are the device's that opened them; a link does not even go on with its own household's.
    { case: "a session of another device", get: everybody(409), ...media() },
    { case: "no link", get: everybody(404), path: { ...MEDIA, device_token: NO_LINK, session: NOBODYS } },
  ],
  // The billing system's signature is the key.
  "POST /webhooks/billing": [
    everybody(401),
    { body: (x) => ({ id: "1", type: "activated", at: new Date().toISOString(), household: x.owner.id, package: "basic" }) },
  ],
};

function link(more = {}) {
  return { things: (x) => x.owner.newLink(), path: (x) => ({ device_token: x.things, ...more }) };
}

function media() {
  return {
    things: async (x) => ({ device_token: await x.owner.newLink(), session: await x.owner.newSession() }),
    path: (x) => ({ ...MEDIA, ...x.things }),
  };
}

const log_in = (x, password) => ({ grant_type: "password", username: x.owner.email, password, device_name: "Phone" });

/** With a household's token. */
export const HOUSEHOLD = {
  "DELETE /api/v1/tokens": [
    { case: "here", get: household({ owner: 204, other: 204, child: 204 }) },
    { case: "everywhere", get: household({ owner: 204, other: 204, child: 403 }), query: { everywhere: true } },
  ],

  // Whoever reads the code on the screen may let the television in, into the own household.
  "GET /api/v1/device_authorization/{user_code}": [
    household({ owner: 200, other: 200, child: 403 }),
    { each: true, things: (x) => x.doors.pairing(), path: (x) => ({ user_code: x.things }) },
  ],
  "POST /api/v1/device_authorization/approve": [
    household({ owner: 204, other: 204, child: 403 }),
    { each: true, things: (x) => x.doors.pairing(), body: (x) => ({ user_code: x.things, approve: true }) },
  ],

  "GET /api/v1/me": [household({ owner: 200, other: 200, child: 200 })],
  "PATCH /api/v1/me": [
    household({ owner: 200, other: 200, child: 403 }),
    { body: { language: "en", consents: { marketing: true } } },
  ],
  "DELETE /api/v1/me": [household({ owner: 202, other: 202, child: 403 }), { body: { password: PASSWORD } }],
  "GET /api/v1/me/export": [household({ owner: 200, other: 200, child: 403 })],
  "POST /api/v1/me/email": [
    household({ owner: 202, other: 202, child: 403 }),
    { body: () => ({ email: newAddress(), password: PASSWORD }) },
  ],
  "PUT /api/v1/me/password": [
    household({ owner: 204, other: 204, child: 403 }),
    { body: { old: PASSWORD, new: "vier enten am see" } },
  ],
  "PUT /api/v1/me/pin": [household({ owner: 204, other: 204, child: 403 }), { body: { password: PASSWORD, pin: "13579" } }],

  "GET /api/v1/me/devices": [household({ owner: 200, other: 200, child: 200 })],
  "PATCH /api/v1/me/devices/{id}": [
    household({ owner: 200, other: 404, child: 403 }),
    { things: (x) => x.owner.newDevice(), path: (x) => ({ id: x.things }), body: { name: "Mine now" } },
  ],
  "DELETE /api/v1/me/devices/{id}": [
    household({ owner: 204, other: 404, child: 403 }),
    { things: (x) => x.owner.newDevice(), path: (x) => ({ id: x.things }) },
  ],

  "POST /api/v1/me/links": [
    { case: "for oneself", get: household({ owner: 201, other: 201, child: 403 }), body: { name: "Kodi" } },
    {
      case: "for a profile",
      get: household({ owner: 201, other: 404, child: 403 }),
      body: (x) => ({ name: "Kodi", profile: x.owner.profile }),
    },
  ],

  "GET /api/v1/me/profiles": [household({ owner: 200, other: 200, child: 200 })],
  "POST /api/v1/me/profiles": [household({ owner: 201, other: 201, child: 403 }), { body: { name: "Omi" } }],
  "PATCH /api/v1/me/profiles/{id}": [
    { case: "its name", get: household({ owner: 200, other: 404, child: 403 }), ...profile(), body: { name: "Mine now" } },
    {
      case: "that it is a child's",
      get: household({ owner: 200, other: 404, child: 403 }),
      path: (x) => ({ id: x.owner.childProfile }),
      body: { child: false },
    },
  ],
  "DELETE /api/v1/me/profiles/{id}": [household({ owner: 204, other: 404, child: 403 }), profile()],
  "POST /api/v1/me/profiles/{id}/choose": [
    { case: "without the PIN", get: household({ owner: 200, other: 404, child: 403 }), ...profile(), body: {} },
    { case: "with a wrong PIN", get: household({ owner: 200, other: 404, child: 403 }), ...profile(), body: { pin: "0000" } },
  ],

  "GET /api/v1/me/subscription": [household({ owner: 200, other: 200, child: 200 })],
  "PUT /api/v1/me/subscription": [household({ owner: 200, other: 200, child: 403 }), { body: { plan: "basic-month" } }],
  "GET /api/v1/me/rights": [household({ owner: 200, other: 200, child: 200 })],
  "POST /api/v1/me/vouchers": [
    household({ owner: 200, other: 200, child: 403 }),
    { each: true, things: voucher("gift"), body: (x) => ({ code: x.things.codes[0] }) },
  ],

  "GET /api/v1/me/sessions": [household({ owner: 200, other: 200, child: 200 })],
  // Whose turn it is, a household settles among itself, children included.
  "DELETE /api/v1/me/sessions/{session}": [household({ owner: 204, other: 404, child: 204 }), session()],
  "POST /api/v1/playback": [
    { case: "a channel", get: household({ owner: 201, other: 201, child: 201 }), body: { channel: "eins" } },
    {
      case: "in the place of another session",
      get: household({ owner: 201, other: 201, child: 201 }),
      ...session(),
      body: (x) => ({ channel: "eins", takeover: x.things }),
    },
  ],
  // A heartbeat answers with a token for what the session may watch: it is for the device that watches.
  "POST /api/v1/playback/{session}": [household({ owner: 200, other: 404, child: 404 }), session()],
  "DELETE /api/v1/playback/{session}": [household({ owner: 204, other: 404, child: 204 }), session()],
};

function profile() {
  return { things: (x) => x.owner.newProfile(), path: (x) => ({ id: x.things }) };
}

function session() {
  return { each: true, things: (x) => x.owner.newSession(), path: (x) => ({ session: x.things }) };
}

/** A batch with one code, for another package than the one that everybody has. */
function voucher(name) {
  return async (x) => {
    const gift = { id: "gift", name: { de: "Gift", en: "Gift" }, kind: "option", streams: 1, gives: [{ every_channel: true, actions: ["live"] }] };
    await x.doors.operate("PUT", "/admin/v1/packages/gift", gift);
    return x.doors.operate("POST", "/admin/v1/vouchers", { name, package: "gift", days: 30, count: 1, uses: 2 });
  };
}

const en = (name) => ({ de: name, en: name });
const live = [{ every_channel: true, actions: ["live"] }];

/** One of each kind of part that an offer has, under the id `it`. */
const PARTS = {
  packages: { id: "it", name: en("It"), kind: "option", streams: 1, gives: live },
  channel_groups: { id: "it", name: en("It"), channels: ["eins"] },
  broadcasters: { id: "it", name: "It" },
  licences: { id: "it", channels: ["eins"], actions: ["live"] },
  plans: { id: "it", package: "basic", name: en("It"), cents: 100, period: "month" },
};

/** The rows of the offer's parts, which are all alike. */
function parts() {
  return Object.entries(PARTS).flatMap(([kind, body]) => {
    const one = { things: (x) => x.doors.operate("PUT", `/admin/v1/${kind}/it`, body), path: { id: "it" } };
    return [
      [`GET /admin/v1/${kind}`, [operators(200)]],
      [`GET /admin/v1/${kind}/{id}`, [operators(200), one]],
      [`PUT /admin/v1/${kind}/{id}`, [operators(200), { path: { id: "it" }, body }]],
      [`DELETE /admin/v1/${kind}/{id}`, [operators(200), one]],
    ];
  });
}

const address = "udp://239.255.77.2:5000";
const channel = {
  things: (x) => x.doors.operate("POST", "/admin/v1/channels", { name: "Zwei", inputs: [{ url: address }] }),
  path: (x) => ({ id: x.things.id }),
};
const its = { path: (x) => ({ id: x.owner.id }) };
const mail = {
  async things(x) {
    await x.doors.operate("POST", `/admin/v1/households/${x.owner.id}/password_reset`);
    return x.doors.mail(x.owner.email);
  },
  path: (x) => ({ id: x.things.id }),
};

/** With the operator's token. */
export const OPERATORS = {
  "GET /admin/v1/channels": [operators(200)],
  "POST /admin/v1/channels": [operators(201), { body: { name: "Drei", inputs: [{ url: address }] } }],
  "POST /admin/v1/channels/import": [
    operators(200),
    { query: { dry_run: true }, raw: `#EXTM3U\n#EXTINF:-1,Vier\n${address}\n`, type: "audio/x-mpegurl" },
  ],
  "GET /admin/v1/channels/{id}": [operators(200), channel],
  "PATCH /admin/v1/channels/{id}": [operators(200), { ...channel, body: { name: "Zwei und mehr" } }],
  "DELETE /admin/v1/channels/{id}": [operators(204), channel],
  "PUT /admin/v1/channels/{id}/logo": [operators(200), { ...channel, raw: LOGO, type: "image/svg+xml" }],
  "DELETE /admin/v1/channels/{id}/logo": [operators(204), channel],
  "GET /admin/v1/inputs": [operators(200)],
  "GET /admin/v1/transcoders": [operators(200)],
  "GET /admin/v1/origins": [operators(200)],
  "GET /admin/v1/sessions": [operators(200)],

  "GET /admin/v1/mails": [operators(200)],
  "GET /admin/v1/mails/{id}": [operators(200), mail],
  "DELETE /admin/v1/mails/{id}": [operators(204), mail],
  // It was sent already: into the mail-catcher.
  "POST /admin/v1/mails/{id}/retry": [operators(409), mail],

  "GET /admin/v1/households": [operators(200)],
  "POST /admin/v1/households": [operators(201), { body: () => ({ email: newAddress(), password: PASSWORD }) }],
  "GET /admin/v1/households/{id}": [operators(200), its],
  "DELETE /admin/v1/households/{id}": [operators(202), its],
  "GET /admin/v1/households/{id}/deletion": [
    operators(200),
    {
      async things(x) {
        const { id } = await x.doors.operate("POST", "/admin/v1/households", { email: newAddress(), password: PASSWORD });
        return x.doors.operate("DELETE", `/admin/v1/households/${id}`);
      },
      path: (x) => ({ id: x.things.household }),
    },
  ],
  "POST /admin/v1/households/{id}/lock": [operators(204), its],
  "POST /admin/v1/households/{id}/unlock": [operators(204), its],
  "POST /admin/v1/households/{id}/password_reset": [operators(202), its],

  ...Object.fromEntries(parts()),
  "GET /admin/v1/offer": [operators(200)],
  "PUT /admin/v1/offer": [operators(200), { query: { dry_run: true }, body: OFFER }],
  "GET /admin/v1/vouchers": [operators(200)],
  "POST /admin/v1/vouchers": [operators(201), { body: { name: "Fair", package: "basic", days: 30, count: 1 } }],
  "DELETE /admin/v1/vouchers/{id}": [operators(204), { things: voucher("stopped"), path: (x) => ({ id: x.things.batch.id }) }],
  "GET /admin/v1/subscriptions/{household}": [operators(200), { path: (x) => ({ household: x.owner.id }) }],
  "POST /admin/v1/subscriptions/{household}": [
    operators(201),
    { things: voucher("given"), path: (x) => ({ household: x.owner.id }), body: { package: "gift", reason: "A present" } },
  ],
  "PATCH /admin/v1/subscriptions/{household}/{subscription}": [
    operators(200),
    {
      path: (x) => ({ household: x.owner.id, subscription: x.owner.subscription }),
      body: { state: "paused", reason: "On holiday" },
    },
  ],
  "GET /admin/v1/rights/{household}/explain": [
    operators(200),
    { path: (x) => ({ household: x.owner.id }), query: { channel: "eins", action: "live" } },
  ],
  "GET /admin/v1/billing_events": [operators(200)],
};
