// Line-ups as they come: from headends, Tvheadend and editors of all kinds.
import { describe, expect, it } from "vitest";
import type { Channel } from "../../shared/wire";
import { judge, parseM3u } from "./m3u";

describe("an M3U file", () => {
  it("gives names, numbers, logos and programmes", () => {
    const { entries } = parseM3u(
      [
        "\uFEFF#EXTM3U",
        '#EXTINF:-1 tvg-chno="5" tvg-logo="https://x/l.png" group-title="News, 24 h",Tagesschau24',
        "#EXTVLCOPT:program=28721",
        "udp://@239.1.1.5:5000",
        "",
        '#EXTINF:-1 tvg-name="Nur Attribut",',
        "http://tvh:9981/stream/channel/1",
      ].join("\r\n"),
    );
    expect(entries).toEqual([
      {
        name: "Tagesschau24",
        number: 5,
        logo: "https://x/l.png",
        inputs: [{ url: "udp://239.1.1.5:5000", programme: 28721 }],
      },
      {
        name: "Nur Attribut",
        number: null,
        logo: null,
        inputs: [{ url: "http://tvh:9981/stream/channel/1" }],
      },
    ]);
  });

  it("joins entries of one name into one channel with several inputs", () => {
    const { entries } = parseM3u("#EXTINF:-1,A\nudp://239.1.1.1:1\n#EXTINF:-1,A\nsrt://h:2\n");
    expect(entries).toHaveLength(1);
    expect(entries[0]?.inputs.map((input) => input.url)).toEqual(["udp://239.1.1.1:1", "srt://h:2"]);
  });

  it("does not carry one entry's particulars over to the next", () => {
    const { entries } = parseM3u('#EXTINF:-1 tvg-chno="5",A\nplugin://x\nudp://239.1.1.1:1\n');
    expect(entries).toEqual([
      { name: "239.1.1.1:1", number: null, logo: null, inputs: [{ url: "udp://239.1.1.1:1" }] },
    ]);
  });

  it("names the lines that it cannot use", () => {
    expect(parseM3u("#EXTM3U\n\n#EXTINF:-1,A\nplugin://x\nnonsense\n").refused).toEqual([
      { line: 4, text: "plugin://x" },
      { line: 5, text: "nonsense" },
    ]);
  });
});

describe("the preview", () => {
  const there: Channel = {
    id: "zdf",
    name: "ZDF HD",
    number: 2,
    logo_url: null,
    profile: "passthrough",
    redundant: false,
    enabled: true,
    inputs: [{ url: "udp://239.1.1.2:5000" }],
    version: 1,
  };
  const entry = (url: string, number: number | null) => ({
    name: url,
    number,
    logo: null,
    inputs: [{ url }],
  });

  it("knows a channel again by its input", () => {
    expect(judge([entry("udp://239.1.1.2:5000", 9)], [there])).toEqual([{ kind: "known", channel: there }]);
  });

  it("gives a number only once, in the line-up and within the file", () => {
    const verdicts = judge([entry("udp://a:1", 2), entry("udp://b:1", 7), entry("udp://c:1", 7)], [there]);
    expect(verdicts).toEqual([
      { kind: "renumbered", taken: 2 },
      { kind: "new" },
      { kind: "renumbered", taken: 7 },
    ]);
  });
});
