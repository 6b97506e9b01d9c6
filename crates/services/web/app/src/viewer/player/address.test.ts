// Media is asked for with the newest token, whichever playlist named it.
import { expect, it } from "vitest";
import { Address } from "./address";

const HERE = "https://tv.example";

it("puts the newest token into what was listed with any token before", () => {
  const address = new Address("/hls/AAA/kanal-1/master.m3u8", HERE);
  address.renew("/hls/BBB/kanal-1/master.m3u8");
  address.renew("/hls/CCC/kanal-1/master.m3u8");
  for (const token of ["AAA", "BBB", "CCC"]) {
    expect(address.current(`${HERE}/hls/${token}/kanal-1/v0/17.m4s?x=1`)).toBe(
      `${HERE}/hls/CCC/kanal-1/v0/17.m4s?x=1`,
    );
  }
});

it("follows media to another host, and leaves alone what is elsewhere", () => {
  const address = new Address("https://edge.example/hls/AAA/kanal-1/master.m3u8", HERE);
  address.renew("https://edge.example/hls/BBB/kanal-1/master.m3u8");
  expect(address.current("https://edge.example/hls/AAA/kanal-1/a.m4s")).toBe(
    "https://edge.example/hls/BBB/kanal-1/a.m4s",
  );
  expect(address.current(`${HERE}/hls/AAA/kanal-1/a.m4s`)).toBe(`${HERE}/hls/AAA/kanal-1/a.m4s`);
  expect(address.current("https://edge.example/hls/AAA/kanal-10/a.m4s")).toContain("/AAA/");
});

it("changes nothing as long as the address stays", () => {
  const address = new Address("/hls/open/kanal-1/master.m3u8", HERE);
  for (let beat = 0; beat < 1000; beat++) address.renew("/hls/open/kanal-1/master.m3u8");
  const segment = `${HERE}/hls/open/kanal-1/v0/1.m4s`;
  expect(address.current(segment)).toBe(segment);
});
