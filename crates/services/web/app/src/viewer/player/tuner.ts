// The tuner: keeps one <video> on one channel, come what may. It opens the playback session, starts the
// engine, watches whether pictures really move, and tries again where that can help.
import { batch, effect, signal } from "@preact/signals";
import type { AudioFacts, QualityFacts } from "../labels";
import { qualityForHeight } from "../labels";
import { settings } from "../settings";
import { type Engine, startEngine } from "./engine";
import { type Failure, failureOfCall, retryDelay } from "./failure";
import { PlaybackSession } from "./session";

export type Phase =
  // No channel.
  | { kind: "idle" }
  // On the way to the first picture.
  | { kind: "tuning" }
  | { kind: "playing" }
  // The picture stands still because nothing comes; `long`: for so long that it wants a word.
  | { kind: "buffering"; long: boolean }
  | { kind: "paused" }
  // Nothing plays. It is tried again by itself unless `final`.
  | { kind: "failed"; failure: Failure; final: boolean };

// Whoever zaps on within this time has not arrived yet: nothing is asked of the servers meanwhile.
const SETTLE_MS = 160;
// A stall shorter than this goes unmentioned.
const NOTICE_STALL_MS = 500;
const LONG_STALL_MS = 6_000;
// A stall longer than this ends only by tuning anew: two segments may be missing where a transcoder died.
const STALLED_MS = 14_000;
// Without a first picture for this long, the try has failed.
const GIVE_UP_MS = 20_000;

export class Tuner {
  readonly channel = signal<string | null>(null);
  readonly phase = signal<Phase>({ kind: "idle" });
  readonly qualities = signal<readonly QualityFacts[]>([]);
  // null: automatic.
  readonly chosenQuality = signal<number | null>(null);
  readonly shownQuality = signal<number | null>(null);
  readonly audioTracks = signal<readonly AudioFacts[]>([]);
  readonly chosenAudio = signal(0);
  // The browser allows sound only after a click: silent until then, whatever the viewer's own setting.
  readonly silenced = signal(false);
  // Radio: there is nothing to see.
  readonly soundOnly = signal(false);

  private engine: Engine | undefined;
  private session: PlaybackSession | undefined;
  // Ends whatever still runs for the channel before.
  private attempt = new AbortController();
  private attempts = 0;
  private timers: ReturnType<typeof setTimeout>[] = [];
  private lastTuneAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly video: HTMLVideoElement,
    // Asks the line-up anew whether a channel can be watched at this moment.
    private readonly isOnAir: (channel: string) => Promise<boolean>,
  ) {
    effect(() => {
      video.volume = settings.volume.value;
      video.muted = settings.muted.value || this.silenced.value;
    });
    video.addEventListener("playing", () => this.onPlaying());
    video.addEventListener("timeupdate", () => this.onPlaying());
    video.addEventListener("waiting", () => this.onWaiting());
    video.addEventListener("pause", () => this.onPause());
    addEventListener("pagehide", () => this.session?.end());
    // Back from the browser's page cache: the session was ended on leaving.
    addEventListener("pageshow", (event) => {
      if (event.persisted && this.channel.value !== null) void this.begin();
    });
  }

  tune(channel: string): void {
    if (channel === this.channel.value && this.phase.value.kind !== "failed") return;
    const isHurried = performance.now() - this.lastTuneAt < 2 * SETTLE_MS;
    this.lastTuneAt = performance.now();
    this.release();
    this.attempts = 0;
    batch(() => {
      this.channel.value = channel;
      this.phase.value = { kind: "tuning" };
      this.qualities.value = [];
      this.audioTracks.value = [];
      this.shownQuality.value = null;
    });
    if (isHurried) this.later(SETTLE_MS, () => void this.begin());
    else void this.begin();
  }

  // The channel in the address does not exist.
  refuse(failure: Failure): void {
    this.release();
    batch(() => {
      this.channel.value = null;
      this.phase.value = { kind: "failed", failure, final: true };
    });
  }

  stop(): void {
    this.release();
    batch(() => {
      this.channel.value = null;
      this.phase.value = { kind: "idle" };
    });
  }

  // Does now what would be done later anyway.
  retry(): void {
    if (this.channel.value !== null && this.phase.value.kind === "failed") void this.begin();
  }

  togglePause(): void {
    if (this.phase.value.kind === "paused") {
      this.engine?.goLive();
      void this.play();
    } else if (this.phase.value.kind === "playing") {
      this.video.pause();
    }
  }

  chooseQuality(quality: number | null): void {
    this.chosenQuality.value = quality;
    settings.qualityHeight.value = quality === null ? 0 : (this.qualities.value[quality]?.height ?? 0);
    this.engine?.chooseQuality(quality);
  }

  chooseAudio(track: number): void {
    settings.audioLanguage.value = this.audioTracks.value[track]?.language ?? "";
    this.engine?.chooseAudio(track);
  }

  // "Play here instead": ends another session of the household, which leaves its place to this one.
  takeOver(session: string): void {
    if (this.channel.value !== null && this.phase.value.kind === "failed") {
      this.phase.value = { kind: "tuning" };
      void this.begin({ takeover: session });
    }
  }

  private async begin(want: { takeover?: string } = {}): Promise<void> {
    this.release();
    const { signal: given } = this.attempt;
    const channel = this.channel.value;
    if (channel === null) return;
    if (this.phase.value.kind !== "failed") this.phase.value = { kind: "tuning" };
    this.later(GIVE_UP_MS, () => this.fail({ kind: "broken" }));
    try {
      const events = {
        lost: () => void this.begin(),
        url: (url: string) => this.engine?.renew(url),
      };
      const session = await PlaybackSession.open({ channel, ...want }, events, given);
      if (given.aborted) return session.end();
      this.session = session;
      const engine = await this.startEngine(session.url, given);
      if (given.aborted) return engine.destroy();
      this.engine = engine;
      await this.play();
    } catch (error) {
      if (!given.aborted) this.fail(failureOfCall(error));
    }
  }

  private startEngine(url: string, given: AbortSignal): Promise<Engine> {
    const unlessOver =
      <A extends unknown[]>(handle: (...args: A) => void) =>
      (...args: A) => {
        if (!given.aborted) handle(...args);
      };
    return startEngine({
      video: this.video,
      url,
      audioLanguage: settings.audioLanguage.value,
      lineSpeed: settings.lineSpeed.value,
      events: {
        qualities: unlessOver((all) => this.onQualities(all)),
        showing: unlessOver((quality) => {
          this.shownQuality.value = quality;
        }),
        audioTracks: unlessOver((all, chosen) =>
          batch(() => {
            this.audioTracks.value = all;
            this.chosenAudio.value = chosen;
          }),
        ),
        lineSpeed: unlessOver((speed) => {
          settings.lineSpeed.value = Math.round(speed);
        }),
        failed: unlessOver((failure) => this.fail(failure)),
      },
    });
  }

  private onQualities(all: readonly QualityFacts[]): void {
    const chosen = qualityForHeight(all, settings.qualityHeight.value || null);
    batch(() => {
      this.qualities.value = all;
      this.chosenQuality.value = chosen;
    });
    // The engine is not yet ours while it tells its qualities for the first time.
    if (chosen !== null) queueMicrotask(() => this.engine?.chooseQuality(chosen));
  }

  // Starts the picture; without sound where the browser does not allow it yet.
  private async play(): Promise<void> {
    const { signal: given } = this.attempt;
    if (navigator.userActivation?.hasBeenActive) this.silenced.value = false;
    if ((await this.mayPlay()) || given.aborted) return;
    if (!this.video.muted) {
      this.silenced.value = true;
      if ((await this.mayPlay()) || given.aborted) return;
    }
    // Not even without sound (a phone that saves power): the viewer presses play.
    this.phase.value = { kind: "paused" };
  }

  // Asks the browser to play. Only its refusal counts: whatever else ends the try shows itself elsewhere.
  private async mayPlay(): Promise<boolean> {
    try {
      await this.video.play();
      return true;
    } catch (error) {
      return !(error instanceof DOMException && error.name === "NotAllowedError");
    }
  }

  private onPlaying(): void {
    if (this.engine === undefined || this.video.paused) return;
    if (this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
    this.clearTimers();
    this.attempts = 0;
    batch(() => {
      this.soundOnly.value = this.video.videoWidth === 0;
      if (this.phase.value.kind !== "playing") this.phase.value = { kind: "playing" };
    });
  }

  private onWaiting(): void {
    if (this.phase.value.kind !== "playing") return;
    this.clearTimers();
    this.later(NOTICE_STALL_MS, () => {
      this.phase.value = { kind: "buffering", long: false };
    });
    this.later(LONG_STALL_MS, () => {
      this.phase.value = { kind: "buffering", long: true };
    });
    this.later(STALLED_MS, () => this.fail({ kind: "off_air" }));
  }

  private onPause(): void {
    const { kind } = this.phase.value;
    if (kind === "playing" || kind === "buffering") {
      this.clearTimers();
      this.phase.value = { kind: "paused" };
    }
  }

  private fail(failure: Failure): void {
    this.release();
    const delay = retryDelay(failure.kind, this.attempts++);
    if (delay === 0) {
      // Nothing to talk about yet: what comes of it is known in a moment.
      this.phase.value = { kind: "tuning" };
      void this.begin();
      return;
    }
    this.phase.value = { kind: "failed", failure, final: delay === null };
    if (delay !== null) this.later(delay, () => void this.tryAgain(failure));
  }

  // An origin serves what it has of a channel that went off air, too: trying that again and again would show
  // the viewer the same last seconds again and again.
  private async tryAgain(failure: Failure): Promise<void> {
    const { signal: given } = this.attempt;
    const channel = this.channel.value;
    if (channel === null) return;
    const isSensible = failure.kind !== "off_air" || (await this.isOnAir(channel));
    if (given.aborted) return;
    if (isSensible) await this.begin();
    else this.fail(failure);
  }

  // Lets go of everything that belongs to the current attempt.
  private release(): void {
    this.attempt.abort();
    this.attempt = new AbortController();
    this.clearTimers();
    this.engine?.destroy();
    this.engine = undefined;
    this.session?.end();
    this.session = undefined;
  }

  private later(ms: number, action: () => void): void {
    this.timers.push(setTimeout(action, ms));
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }
}
