// Playback by hls.js over Media Source Extensions.
import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type HlsConfig } from "hls.js";
import { Address } from "./address";
import type { Engine, EngineStart } from "./engine";
import { type Failure, failureOfStatus } from "./failure";

// What a line is thought to carry before anything was measured, in bits per second: enough for a good
// picture in the first second, little enough not to stall on a modest line.
const UNKNOWN_LINE = 4_000_000;

// Media errors are put right by a fresh media source; when that does not last, the channel is tuned anew.
const MOST_RECOVERIES = 2;

// While there is still something to play, what does not load is asked for again and again.
const RELOAD_EVERY_MS = 1_000;

export function hlsConfig(start: Pick<EngineStart, "audioLanguage" | "lineSpeed">): Partial<HlsConfig> {
  const config: Partial<HlsConfig> = {
    // Behind the playlist's end by 5/3 of the longest segment. The playlist itself is up to one segment old,
    // so that glass to glass stays below three; and a segment that comes late by half a reload interval
    // (what a client waits after a playlist without news) still comes in time.
    liveSyncDurationCount: 5 / 3,
    liveMaxLatencyDurationCount: 5,
    // Too little to be heard, enough to make up for a stall within a minute.
    maxLiveSyncPlaybackRate: 1.04,
    backBufferLength: 30,
    capLevelToPlayerSize: true,
    // The first segment is already of the right quality: what the line carries is remembered instead.
    testBandwidth: false,
    abrEwmaDefaultEstimate: start.lineSpeed || UNKNOWN_LINE,
  };
  if (start.audioLanguage !== "") config.audioPreference = { lang: start.audioLanguage };
  return config;
}

export function failureOfHls(data: Pick<ErrorData, "type" | "details" | "response">): Failure {
  switch (data.details) {
    case ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR:
    case ErrorDetails.BUFFER_ADD_CODEC_ERROR:
    case ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR:
      return { kind: "unsupported" };
  }
  return data.type === ErrorTypes.NETWORK_ERROR ? failureOfStatus(data.response?.code) : { kind: "broken" };
}

export class HlsEngine implements Engine {
  private readonly hls: Hls;
  private recoveries = 0;
  private reload: ReturnType<typeof setTimeout> | undefined;
  private readonly address: Address;

  constructor(private readonly start: EngineStart) {
    this.address = new Address(start.url);
    // hls.js opens the request itself unless it is open already.
    const xhrSetup = (request: XMLHttpRequest, url: string) =>
      request.open("GET", this.address.current(url), true);
    this.hls = new Hls({ ...hlsConfig(start), xhrSetup });
    if (Hls.isSupported()) {
      this.listen();
      this.hls.loadSource(start.url);
      this.hls.attachMedia(start.video);
    } else {
      // After the constructor, so that the caller knows the engine that failed.
      queueMicrotask(() => start.events.failed({ kind: "unsupported" }));
    }
  }

  chooseQuality(quality: number | null): void {
    this.hls.nextLevel = quality ?? -1;
  }

  chooseAudio(track: number): void {
    this.hls.audioTrack = track;
  }

  goLive(): void {
    const edge = this.hls.liveSyncPosition;
    if (edge !== null && edge > this.start.video.currentTime) this.start.video.currentTime = edge;
  }

  renew(url: string): void {
    this.address.renew(url);
  }

  destroy(): void {
    clearTimeout(this.reload);
    this.hls.destroy();
  }

  // How much of the future is already here.
  private secondsAhead(): number {
    const { buffered, currentTime } = this.start.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime && currentTime < buffered.end(i))
        return buffered.end(i) - currentTime;
    }
    return 0;
  }

  private listen(): void {
    const { hls } = this;
    const { events } = this.start;
    hls.on(Events.MANIFEST_PARSED, () => {
      events.qualities(
        hls.levels.map(({ height, bitrate, frameRate }) => ({ height, bitrate, frameRate: frameRate || 0 })),
      );
    });
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => events.showing(level));
    hls.on(Events.AUDIO_TRACKS_UPDATED, () => this.tellAudio());
    hls.on(Events.AUDIO_TRACK_SWITCHED, () => this.tellAudio());
    hls.on(Events.FRAG_BUFFERED, () => {
      // An estimate that is only the default one says nothing about the line.
      if (hls.abrEwmaDefaultEstimate !== hls.bandwidthEstimate) events.lineSpeed(hls.bandwidthEstimate);
    });
    hls.on(Events.ERROR, (_, data) => this.onError(data));
  }

  private tellAudio(): void {
    const tracks = this.hls.audioTracks.map((track) => ({
      language: track.lang ?? "",
      name: track.name,
      describes: track.characteristics?.includes("describes-video") ?? false,
    }));
    this.start.events.audioTracks(tracks, Math.max(this.hls.audioTrack, 0));
  }

  private onError(data: ErrorData): void {
    if (!data.fatal) return;
    const failure = failureOfHls(data);
    if (data.type === ErrorTypes.NETWORK_ERROR && this.secondsAhead() > RELOAD_EVERY_MS / 1000) {
      // The viewer has not noticed anything yet, and need not if it is over soon: an origin that restarts.
      this.reload = setTimeout(() => this.hls.startLoad(), RELOAD_EVERY_MS);
      return;
    }
    const recoverable = data.type === ErrorTypes.MEDIA_ERROR && failure.kind !== "unsupported";
    if (recoverable && this.recoveries < MOST_RECOVERIES) {
      this.recoveries++;
      this.hls.recoverMediaError();
      return;
    }
    this.start.events.failed(failure);
  }
}
