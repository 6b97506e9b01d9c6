// Where media is while the token in its address changes: every heartbeat may bring a new one, and what the player
// knows from earlier playlists is then asked for with the newest.

export class Address {
  // Everything before the multivariant playlist's own name, the newest last.
  private readonly bases: string[] = [];

  constructor(
    url: string,
    private readonly origin: string = location.origin,
  ) {
    this.renew(url);
  }

  // The playlist is here from now on.
  renew(url: string): void {
    const base = this.baseOf(url);
    if (this.bases.at(-1) === base) return;
    this.bases.push(base);
    // What a player holds was listed minutes ago at most.
    if (this.bases.length > MOST) this.bases.shift();
  }

  // The same thing under the newest base; what was never under ours stays as it is.
  current(url: string): string {
    const whole = new URL(url, this.origin).href;
    const newest = this.bases.at(-1) ?? "";
    const old = this.bases.find((base) => whole.startsWith(base));
    return old === undefined ? url : newest + whole.slice(old.length);
  }

  private baseOf(url: string): string {
    return new URL(".", new URL(url, this.origin)).href;
  }
}

const MOST = 50;
