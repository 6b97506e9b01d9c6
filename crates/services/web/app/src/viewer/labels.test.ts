// How qualities and audio tracks read on the screen.
import { describe, expect, it } from "vitest";
import { type AudioWords, audioLabels, qualityForHeight, qualityLabels } from "./labels";

const q = (height: number, bitrate: number, frameRate = 25) => ({ height, bitrate, frameRate });
const words: AudioWords = {
  locale: "de",
  original: "Originalton",
  audioDescription: "Audiodeskription",
  track: (n) => `Tonspur ${n}`,
};
const track = (language: string, name = "", describes = false) => ({ language, name, describes });

describe("quality labels", () => {
  it("name the height, and the frame rate where it is a high one", () => {
    expect(qualityLabels([q(1080, 6e6), q(720, 3e6, 50), q(576, 1e6, 29.97)])).toEqual([
      "1080p",
      "720p50",
      "576p",
    ]);
  });

  it("tell equal heights apart by their bit rates", () => {
    expect(qualityLabels([q(720, 3_400_000), q(720, 1_500_000), q(360, 8e5)])).toEqual([
      "720p · 3.4 Mbit/s",
      "720p · 1.5 Mbit/s",
      "360p",
    ]);
  });

  it("name radio by its bit rate", () => {
    expect(qualityLabels([q(0, 128_000)])).toEqual(["128 kbit/s"]);
  });
});

describe("a quality chosen on another channel", () => {
  const ladder = [q(360, 8e5), q(720, 3e6), q(1080, 6e6)];
  it("is the best one not above it", () => {
    expect(qualityForHeight(ladder, 720)).toBe(1);
    expect(qualityForHeight(ladder, 900)).toBe(1);
    expect(qualityForHeight(ladder, 4000)).toBe(2);
  });
  it("is the lowest one where all are above it", () => {
    expect(qualityForHeight(ladder, 240)).toBe(0);
  });
  it("is automatic where nothing was chosen", () => {
    expect(qualityForHeight(ladder, null)).toBeNull();
    expect(qualityForHeight([], 720)).toBeNull();
  });
});

describe("audio labels", () => {
  it("speak the viewer's language", () => {
    expect(audioLabels([track("deu"), track("en"), track("qaa")], words)).toEqual([
      "Deutsch",
      "Englisch",
      "Originalton",
    ]);
  });

  it("fall back to the track's own name, then to its place", () => {
    expect(audioLabels([track("mis", "Klare Sprache"), track("und"), track("not a code")], words)).toEqual([
      "Klare Sprache",
      "Tonspur 2",
      "Tonspur 3",
    ]);
  });

  it("tell tracks of one language apart", () => {
    const tracks = [track("deu", "Stereo"), track("deu", "5.1"), track("deu", "", true), track("deu")];
    expect(audioLabels(tracks, words)).toEqual([
      "Deutsch · Stereo",
      "Deutsch · 5.1",
      "Deutsch · Audiodeskription",
      "Deutsch · Tonspur 4",
    ]);
  });
});
