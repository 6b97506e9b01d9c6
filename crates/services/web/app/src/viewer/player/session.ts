// A playback session: opened at the service, kept alive by heartbeats, ended when the viewer goes on.
import { ApiError, type FailureKind } from "../../shared/api";
import { ask, sayGoodbye } from "../../shared/session/session";
import type { Playback } from "../../shared/wire";

export interface Want {
  channel: string;
  // A session of the household that ends so that this one can begin.
  takeover?: string;
}

export interface SessionEvents {
  lost: () => void;
  url: (url: string) => void;
}

// What a heartbeat is answered with when there is nothing left to keep alive.
const OVER: ReadonlySet<FailureKind> = new Set(["not_found", "denied", "unauthenticated"]);

export class PlaybackSession {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  private constructor(
    private readonly id: string,
    // The multivariant playlist.
    readonly url: string,
    private readonly heartbeatMs: number,
    // The service has forgotten the session, as after a night with the lid closed.
    private readonly onLost: () => void,
    // The playlist has another address from now on.
    private readonly onUrl: (url: string) => void,
  ) {
    this.schedule();
  }

  static async open(want: Want, events: SessionEvents, signal: AbortSignal): Promise<PlaybackSession> {
    const opened = ask<Playback>("/api/v1/playback", { method: "POST", json: want, signal });
    const { session, url, heartbeat_seconds } = await opened;
    const beatMs = Math.max(heartbeat_seconds, 1) * 1000;
    return new PlaybackSession(session, url, beatMs, events.lost, events.url);
  }

  // Safe to call twice, and while the page closes.
  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    // A session that cannot be ended now ends by itself when its heartbeats stay out.
    sayGoodbye(this.path);
  }

  private get path(): string {
    return `/api/v1/playback/${encodeURIComponent(this.id)}`;
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.beat(), this.heartbeatMs);
  }

  private async beat(): Promise<void> {
    try {
      const renewed = await ask<Playback | undefined>(this.path, { method: "POST" });
      if (renewed?.url && !this.ended) this.onUrl(renewed.url);
    } catch (error) {
      const gone = error instanceof ApiError && OVER.has(error.kind);
      if (gone && !this.ended) {
        this.ended = true;
        this.onLost();
      }
      // Anything else passes: the next beat comes, and media that does not come shows itself in the player.
    }
    if (!this.ended) this.schedule();
  }
}
