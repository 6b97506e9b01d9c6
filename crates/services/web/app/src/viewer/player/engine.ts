// What turns a playlist's address into moving pictures: hls.js, or the browser itself where it is Safari.
import type { AudioFacts, QualityFacts } from "../labels";
import type { Failure } from "./failure";

export interface EngineEvents {
  qualities(all: readonly QualityFacts[]): void;
  // Which quality is on the screen, as an index.
  showing(quality: number | null): void;
  audioTracks(all: readonly AudioFacts[], chosen: number): void;
  // Bits per second that the line carries.
  lineSpeed(bitsPerSecond: number): void;
  failed(failure: Failure): void;
}

export interface Engine {
  // null: automatic.
  chooseQuality(quality: number | null): void;
  chooseAudio(track: number): void;
  // To the live edge, after a pause.
  goLive(): void;
  // The playlist is at this address from now on: the token in it has changed.
  renew(url: string): void;
  destroy(): void;
}

export interface EngineStart {
  video: HTMLVideoElement;
  url: string;
  // Preferred language of the audio, as in the playlist; empty: the channel's own choice.
  audioLanguage: string;
  // Bits per second to reckon with at first; 0: not known.
  lineSpeed: number;
  events: EngineEvents;
}

// Safari plays HLS better than any script can. Others claim to as well, but do not tell qualities apart.
function playsNatively(video: HTMLVideoElement): boolean {
  return navigator.vendor.startsWith("Apple") && video.canPlayType("application/vnd.apple.mpegurl") !== "";
}

const hlsEngine = () => import("./hls-engine");

// Fetches what will be needed while the viewer still looks for a channel.
export function prepareEngine(video: HTMLVideoElement): void {
  if (!playsNatively(video)) hlsEngine().catch(() => undefined);
}

export async function startEngine(start: EngineStart): Promise<Engine> {
  if (playsNatively(start.video)) {
    const { NativeEngine } = await import("./native-engine");
    return new NativeEngine(start);
  }
  const { HlsEngine } = await hlsEngine();
  return new HlsEngine(start);
}
