// A Funkturm with households for tests of its API: an offer, a channel, and households with everything that one can have.

import { Tower, demand, freePort, until } from "./tower.mjs";

/** The one password, and the one PIN, of all households. */
export const PASSWORD = "drei enten am see";
export const PIN = "2580";

const text = (name) => ({ de: name, en: name });

/** What is sold: one package, which everybody has from the beginning, with one plan. */
export const OFFER = {
  packages: [{ id: "basic", name: text("Basic"), streams: 20, gives: [{ every_channel: true, actions: ["live"] }] }],
  plans: [{ id: "basic-month", package: "basic", name: text("Month"), cents: 0, period: "month" }],
};

/** A picture, for a logo. */
export const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>';

let count = 0;

/** An address that nobody has. */
export const newAddress = () => `somebody-${(count += 1)}@household.example`;

/** A tower whose house is closed, so that there are households. */
export class Doors extends Tower {
  /** With these arguments to `funkturm up` and these settings, and nothing in it yet. Households have `basic` from the beginning. */
  static closed(arguments_, ...settings) {
    const sets = ["playback.open_house=false", "origin.open_house=false", "web.house.open=false", "rights.welcome_package=basic"];
    return this.start(...arguments_, ...[...sets, ...settings].flatMap((set) => ["--set", set]));
  }

  /** With the offer and one channel, `eins`, which has a logo. */
  static async open(...settings) {
    const admin = await freePort();
    const doors = await this.closed(
      ["--no-demo"],
      // A test logs in hundreds of times, and is not to wait for what makes guessing slow.
      ...["accounts.hashing.memory_kib=64", "accounts.hashing.passes=1", "accounts.access_token_seconds=3600"],
      ...["accounts.devices=1000", "accounts.profiles=100", `process.admin_listen=127.0.0.1:${admin}`],
      ...settings,
    );
    doors.admin = `http://127.0.0.1:${admin}`;
    try {
      await doors.furnish();
    } catch (error) {
      await doors.stop();
      throw error;
    }
    return doors;
  }

  async furnish() {
    await this.operate("PUT", "/admin/v1/offer", OFFER);
    await this.operate("POST", "/admin/v1/channels", { name: "Eins", inputs: [{ url: "udp://239.255.77.1:5000" }] });
    const logo = { token: this.token, raw: LOGO, type: "image/svg+xml" };
    await demand(await this.send("PUT", "/admin/v1/channels/eins/logo", logo));
  }

  /** A household with a device, a child's profile on another one, and its package. */
  async household() {
    const email = newAddress();
    const { id } = await this.operate("POST", "/admin/v1/households", { email, password: PASSWORD });
    const household = new Household(this, id, email);
    await Promise.all([household.settle(), household.arrive()]);
    return household;
  }

  /** The newest mail to an address, once it has been sent. */
  mail(to) {
    const sent = (mails) => mails.find(({ state }) => state === "sent");
    const path = `/admin/v1/mails?to=${encodeURIComponent(to)}`;
    return until(`a mail to ${to}`, 30, async () => sent((await this.get(path)).mails));
  }

  /** A code that a television shows. */
  async pairing() {
    const answer = await this.send("POST", "/api/v1/device_authorization", { form: { device_name: "Television" } });
    return (await demand(answer)).user_code;
  }

  /** Every route that any service here serves, as `METHOD pattern`: metrics have them all from the beginning. */
  async served() {
    const metrics = await (await fetch(`${this.admin}/metrics`)).text();
    const labels = metrics.matchAll(/^funkturm_http_requests_total\{method="([A-Z]+)",route="([^"]+)",status="2xx"\}/gm);
    return [...labels].map(([, method, route]) => `${method} ${route}`);
  }
}

/** A household that is logged in. */
export class Household {
  constructor(doors, id, email) {
    Object.assign(this, { doors, id, email });
  }

  async settle() {
    this.login = await this.logIn("Sofa");
    this.token = this.login.access_token;
    await this.do("PUT", "/api/v1/me/pin", { password: PASSWORD, pin: PIN });
    this.profile = this.login.profile;
    this.childProfile = (await this.do("POST", "/api/v1/me/profiles", { name: "Kind", child: true })).id;
    this.childLogin = await this.logIn("Tablet");
    const chosen = `/api/v1/me/profiles/${this.childProfile}/choose`;
    const answer = await this.doors.send("POST", chosen, { token: this.childLogin.access_token, body: {} });
    this.childToken = (await demand(answer)).access_token;
  }

  /** Waits until rights has heard of it. */
  async arrive() {
    const path = `/admin/v1/subscriptions/${this.id}`;
    this.subscription = await until("the household's package", 30, async () => (await this.doors.get(path)).subscriptions[0]?.id);
  }

  async logIn(device) {
    const form = { grant_type: "password", username: this.email, password: PASSWORD, device_name: device, device_kind: "tv" };
    return demand(await this.doors.send("POST", "/api/v1/tokens", { form }));
  }

  /** Does something as the household, and answers what came of it. */
  async do(method, path, body) {
    return demand(await this.doors.send(method, path, { token: this.token, body }));
  }

  /** Another device. */
  async newDevice() {
    return (await this.logIn("Kitchen")).device;
  }

  /** The token of a link for another player. */
  async newLink() {
    return (await this.do("POST", "/api/v1/me/links", { name: "Kodi" })).token;
  }

  /** Another profile, of an adult. */
  async newProfile() {
    return (await this.do("POST", "/api/v1/me/profiles", { name: "Guest" })).id;
  }

  /** A running stream. */
  async newSession() {
    return (await this.do("POST", "/api/v1/playback", { channel: "eins" })).session;
  }

  /** Everything that it is and has, as operators see it. */
  async everything() {
    const [household, subscriptions, sessions] = await Promise.all([
      this.doors.get(`/admin/v1/households/${this.id}`),
      this.doors.get(`/admin/v1/subscriptions/${this.id}`),
      this.doors.get("/admin/v1/sessions"),
    ]);
    return { household, subscriptions, sessions: sessions.filter((session) => session.household === this.id) };
  }

  /** What nobody else may ever be told. */
  async secrets() {
    const { household, subscriptions, sessions } = await this.everything();
    const ids = [...household.profiles, ...household.devices, ...subscriptions.subscriptions].map(({ id }) => id);
    return [this.id, this.email, ...ids, ...sessions.map(({ session }) => session)];
  }
}
