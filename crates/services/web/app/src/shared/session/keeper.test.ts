// Who is logged in, and one refresh at a time: what becomes of tokens when answers are lost, tabs race and log-ins end.
import { beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api";
import type { Tokens } from "../household";
import { type Access, KEY, Keeper, type Surroundings } from "./keeper";

let clock: number;
let served: number;

function tokens(change: Partial<Tokens> = {}): Tokens {
  served++;
  return {
    access_token: `access ${served}`,
    token_type: "Bearer",
    expires_in: 300,
    refresh_token: `refresh ${served}`,
    household: "household",
    profile: "anna",
    child: false,
    device: "device",
    ...change,
  };
}

const invalid = () => new ApiError("invalid", "no", { error: "invalid_grant" });
const lost = () => new ApiError("unreachable", "the server does not answer");

class Disk {
  readonly content = new Map<string, string>();
  getItem = (key: string) => this.content.get(key) ?? null;
  setItem = (key: string, value: string) => void this.content.set(key, value);
  removeItem = (key: string) => void this.content.delete(key);
  get refreshToken(): string | undefined {
    const text = this.content.get(KEY);
    return text === undefined ? undefined : JSON.parse(text).refresh_token;
  }
}

// Browsers' locks: who comes later waits.
function lock(): Surroundings["alone"] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

function tab(ask: Surroundings["ask"], disk = new Disk(), change: Partial<Surroundings> = {}) {
  const around: Surroundings = {
    storage: disk,
    ask,
    alone: (work) => work(),
    tell: () => undefined,
    now: () => clock,
    wait: async () => undefined,
    ...change,
  };
  return { keeper: new Keeper(around), disk };
}

beforeEach(() => {
  clock = 1_000_000;
  served = 0;
});

it("gives nobody a token, and asks nobody for one, before a log-in", async () => {
  const ask = vi.fn();
  const { keeper } = tab(ask);
  expect(keeper.who.value).toBeNull();
  expect(await keeper.token()).toBeNull();
  expect(ask).not.toHaveBeenCalled();
});

it("uses an access token until shortly before its end, and then the next one", async () => {
  const ask = vi.fn(async () => tokens());
  const { keeper, disk } = tab(ask);
  keeper.keep(tokens());
  expect(keeper.who.value).toEqual({
    household: "household",
    profile: "anna",
    child: false,
    device: "device",
  });
  clock += 270_000;
  expect(await keeper.token()).toBe("access 1");
  clock += 15_000;
  expect(await keeper.token()).toBe("access 2");
  expect(ask).toHaveBeenCalledExactlyOnceWith({ grant_type: "refresh_token", refresh_token: "refresh 1" });
  expect(disk.refreshToken).toBe("refresh 2");
});

it("never writes an access token to the disk", async () => {
  const { keeper, disk } = tab(async () => tokens());
  keeper.keep(tokens());
  clock += 400_000;
  await keeper.token();
  expect([...disk.content.values()].join()).not.toContain("access");
});

it("asks once, however many calls want a token at the same time", async () => {
  const ask = vi.fn(async () => tokens());
  const { keeper } = tab(ask);
  keeper.keep(tokens());
  clock += 400_000;
  const all = await Promise.all([keeper.token(), keeper.token(), keeper.token()]);
  expect(new Set(all)).toEqual(new Set(["access 2"]));
  expect(ask).toHaveBeenCalledTimes(1);
});

it("asks again with the same refresh token when the answer is lost", async () => {
  const ask = vi.fn<Surroundings["ask"]>().mockRejectedValueOnce(lost()).mockRejectedValueOnce(lost());
  ask.mockImplementation(async () => tokens());
  const { keeper } = tab(ask);
  keeper.keep(tokens());
  clock += 400_000;
  expect(await keeper.token()).toBe("access 2");
  expect(ask.mock.calls.map(([form]) => form.refresh_token)).toEqual(["refresh 1", "refresh 1", "refresh 1"]);
});

it("stays logged in while the server is away, and goes on when it is back", async () => {
  let isAway = true;
  const { keeper, disk } = tab(async () => {
    if (isAway) throw lost();
    return tokens();
  });
  keeper.keep(tokens());
  clock += 400_000;
  await expect(keeper.token()).rejects.toMatchObject({ kind: "unreachable" });
  expect(keeper.who.value).not.toBeNull();
  expect(disk.refreshToken).toBe("refresh 1");
  isAway = false;
  expect(await keeper.token()).toBe("access 2");
});

it("is logged out when the refresh token is worth nothing any more", async () => {
  const { keeper, disk } = tab(async () => {
    throw invalid();
  });
  keeper.keep(tokens());
  clock += 400_000;
  expect(await keeper.token()).toBeNull();
  expect(keeper.who.value).toBeNull();
  expect(disk.content.has(KEY)).toBe(false);
});

it("two tabs refresh one after the other, each with what the one before got", async () => {
  const [disk, alone] = [new Disk(), lock()];
  const used: (string | undefined)[] = [];
  const ask = async (form: Record<string, string>) => {
    used.push(form.refresh_token);
    return tokens();
  };
  const one = tab(ask, disk, { alone }).keeper;
  one.keep(tokens());
  const other = tab(ask, disk, { alone }).keeper;
  clock += 400_000;
  await Promise.all([one.token(), other.token()]);
  expect(used).toEqual(["refresh 1", "refresh 2"]);
  expect(disk.refreshToken).toBe("refresh 3");
});

it("a tab that has been told of an access token needs none of its own", async () => {
  const [disk, alone] = [new Disk(), lock()];
  const ask = vi.fn(async () => tokens());
  const tabs: Keeper[] = [];
  const tell = (access: Access) => {
    for (const each of tabs) each.told(access);
  };
  tabs.push(tab(ask, disk, { alone, tell }).keeper, tab(ask, disk, { alone, tell }).keeper);
  tabs[0]?.keep(tokens());
  tabs[1]?.look();
  clock += 400_000;
  const all = await Promise.all(tabs.map((each) => each.token()));
  expect(all).toEqual(["access 2", "access 2"]);
  expect(ask).toHaveBeenCalledTimes(1);
});

it("without locks, a tab that loses the race goes on with what the other got", async () => {
  const disk = new Disk();
  const { keeper } = tab(async ({ refresh_token }) => {
    if (refresh_token !== "refresh of another tab") {
      disk.setItem(
        KEY,
        JSON.stringify({ ...JSON.parse(disk.getItem(KEY) ?? ""), refresh_token: "refresh of another tab" }),
      );
      throw invalid();
    }
    return tokens();
  }, disk);
  keeper.keep(tokens());
  clock += 400_000;
  expect(await keeper.token()).toBe("access 2");
  expect(keeper.who.value).not.toBeNull();
});

it("an answer that comes after logging out logs nobody in", async () => {
  const disk = new Disk();
  const { keeper } = tab(async () => {
    keeper.forget();
    return tokens();
  }, disk);
  keeper.keep(tokens());
  clock += 400_000;
  expect(await keeper.token()).toBeNull();
  expect(disk.content.has(KEY)).toBe(false);
});

it("another household's log-in in another tab is not mixed with this one's token", async () => {
  const disk = new Disk();
  const { keeper } = tab(async () => tokens({ household: "other", device: "other device" }), disk);
  keeper.keep(tokens());
  tab(async () => tokens(), disk).keeper.keep(tokens({ household: "other", device: "other device" }));
  keeper.look();
  expect(keeper.who.value?.household).toBe("other");
  expect(keeper.atHand).toBeUndefined();
  keeper.told({ device: "device", profile: "anna", token: "stale", until: clock + 300_000 });
  expect(keeper.atHand).toBeUndefined();
});

it("another profile keeps the refresh token that there is", async () => {
  const { keeper, disk } = tab(async () => tokens());
  keeper.keep(tokens());
  const { refresh_token: _, ...answer } = tokens({ profile: "ben", child: true });
  keeper.keep(answer);
  expect(disk.refreshToken).toBe("refresh 1");
  expect(keeper.who.value).toMatchObject({ profile: "ben", child: true });
  expect(await keeper.token()).toBe("access 2");
});

it("an access token that a service refuses is not used again", async () => {
  const { keeper } = tab(async () => tokens());
  keeper.keep(tokens());
  keeper.refuse("some other token");
  expect(await keeper.token()).toBe("access 1");
  keeper.refuse("access 1");
  expect(await keeper.token()).toBe("access 2");
});

it("nonsense in the storage is nobody", () => {
  for (const text of [
    "",
    "null",
    "[]",
    "{",
    '{"refresh_token":1}',
    '{"refresh_token":"a","household":"b"}',
  ]) {
    const disk = new Disk();
    disk.setItem(KEY, text);
    expect(tab(async () => tokens(), disk).keeper.who.value).toBeNull();
  }
});
