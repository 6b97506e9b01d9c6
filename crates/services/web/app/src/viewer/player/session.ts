// A playback session: opened at the service, kept alive by heartbeats, ended when the viewer goes on.
import { ApiError, call } from "../../shared/api";
import type { Playback } from "../../shared/wire";

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
  ) {
    this.schedule();
  }

  static async open(channel: string, onLost: () => void, signal: AbortSignal): Promise<PlaybackSession> {
    const opened = call<Playback>("/api/v1/playback", { method: "POST", json: { channel }, signal });
    const { session, url, heartbeat_seconds } = await opened;
    return new PlaybackSession(session, url, Math.max(heartbeat_seconds, 1) * 1000, onLost);
  }

  // Safe to call twice, and while the page closes.
  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    // A session that cannot be ended now ends by itself when its heartbeats stay out.
    call(this.path, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }

  private get path(): string {
    return `/api/v1/playback/${encodeURIComponent(this.id)}`;
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.beat(), this.heartbeatMs);
  }

  private async beat(): Promise<void> {
    try {
      await call(this.path, { method: "POST" });
    } catch (error) {
      const gone = error instanceof ApiError && (error.kind === "not_found" || error.kind === "denied");
      if (gone && !this.ended) {
        this.ended = true;
        this.onLost();
      }
      // Anything else passes: the next beat comes, and media that does not come shows itself in the player.
    }
    if (!this.ended) this.schedule();
  }
}
