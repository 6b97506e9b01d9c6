// Playback by the browser itself (Safari on iPhone, iPad and Mac). It chooses qualities on its own.
import type { Engine, EngineStart } from "./engine";
import { failureOfStatus } from "./failure";

// Part of HTML, but only Safari has it, and TypeScript's DOM does not know it.
interface NativeAudioTrack {
  enabled: boolean;
  language: string;
  label: string;
  kind: string;
}
interface NativeAudioTracks extends EventTarget, ArrayLike<NativeAudioTrack> {}

// Behind the live edge by this many seconds after a pause; Safari keeps the right distance from there.
const BEHIND_LIVE = 10;

export class NativeEngine implements Engine {
  private readonly closing = new AbortController();

  constructor(private readonly start: EngineStart) {
    const { video, events } = start;
    const { signal } = this.closing;
    events.qualities([]);
    video.addEventListener("error", () => this.fail(), { signal });
    video.addEventListener("loadedmetadata", () => this.preferLanguage(), { signal });
    this.tracks?.addEventListener("addtrack", () => this.tellAudio(), { signal });
    this.tracks?.addEventListener("change", () => this.tellAudio(), { signal });
    video.src = start.url;
  }

  chooseQuality(): void {
    // Safari offers no choice, and so does our menu.
  }

  chooseAudio(chosen: number): void {
    for (const [i, track] of Array.from(this.tracks ?? []).entries()) track.enabled = i === chosen;
    this.tellAudio();
  }

  goLive(): void {
    const { video } = this.start;
    const ranges = video.seekable;
    if (ranges.length > 0) video.currentTime = Math.max(ranges.end(ranges.length - 1) - BEHIND_LIVE, 0);
  }

  renew(): void {
    // Safari keeps to the address that it began with. When the token in that has run out, the channel is tuned anew.
  }

  destroy(): void {
    this.closing.abort();
    this.start.video.removeAttribute("src");
    this.start.video.load();
  }

  private get tracks(): NativeAudioTracks | undefined {
    return (this.start.video as { audioTracks?: NativeAudioTracks }).audioTracks;
  }

  private preferLanguage(): void {
    const wanted = this.start.audioLanguage;
    const at = Array.from(this.tracks ?? []).findIndex((track) => track.language === wanted);
    if (wanted !== "" && at >= 0) this.chooseAudio(at);
    else this.tellAudio();
  }

  private tellAudio(): void {
    const tracks = Array.from(this.tracks ?? []);
    this.start.events.audioTracks(
      tracks.map(({ language, label, kind }) => ({
        language,
        name: label,
        describes: kind === "descriptions" || kind === "main-desc",
      })),
      Math.max(
        tracks.findIndex((track) => track.enabled),
        0,
      ),
    );
  }

  // Safari says little about what went wrong, so the playlist is asked.
  private async fail(): Promise<void> {
    const { events, url, video } = this.start;
    const isDecoder = video.error?.code === MediaError.MEDIA_ERR_DECODE;
    try {
      const { ok, status } = await fetch(url, { cache: "no-store", signal: this.closing.signal });
      events.failed(ok ? { kind: isDecoder ? "unsupported" : "broken" } : failureOfStatus(status));
    } catch {
      if (!this.closing.signal.aborted) events.failed({ kind: "unreachable" });
    }
  }
}
