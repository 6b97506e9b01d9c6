// The stage: the picture, and what lies over it.
import { useEffect, useRef } from "preact/hooks";
import { house, isShut } from "../shared/house";
import { Tile } from "../shared/tile";
import type { LineUpEntry } from "../shared/wire";
import {
  awake,
  current,
  listOpen,
  openMenu,
  sleep,
  toggleMute,
  tuner,
  typedNumber,
  video,
  wake,
  wrongNumber,
  zap,
} from "./control";
import { Controls } from "./controls";
import { Failed } from "./failed";
import { icons } from "./icons";
import { channels } from "./lineup";
import { toggleFullscreen } from "./screen";
import { Skyline } from "./skyline";
import { words } from "./words";
import { byNumber } from "./zapping";

// A finger that went this far sideways (CSS pixels) meant the next channel.
const SWIPE = 56;

export function Stage() {
  const picture = useRef<HTMLDivElement>(null);
  useEffect(() => {
    picture.current?.prepend(video);
  }, []);
  const { kind } = tuner.phase.value;
  const isVisible = kind === "playing" || kind === "buffering" || kind === "paused";
  return (
    <main class="stage" onPointerMove={(event) => event.pointerType === "mouse" && wake()}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: all of it can be done by keys and buttons too */}
      <div
        ref={picture}
        class={`stage__picture ${isVisible ? "stage__picture--on" : ""}`}
        {...gestures}
        onDblClick={toggleFullscreen}
      />
      <div class="stage__middle">
        <Middle />
      </div>
      <TypedNumber />
      {tuner.silenced.value && isVisible && (
        <button type="button" class="chip chip--sound" onClick={toggleMute}>
          {icons.muted} {words.tapForSound}
        </button>
      )}
      {kind !== "idle" && <Controls />}
    </main>
  );
}

function Middle() {
  const phase = tuner.phase.value;
  const channel = current.value;
  switch (phase.kind) {
    case "idle":
      return <Home />;
    case "tuning":
      return channel ? (
        <Card channel={channel} label={words.tuning(channel.name)} ring="ring ring--tile" />
      ) : null;
    case "buffering":
      return (
        <div class="buffering" role="status" aria-label={words.buffering}>
          <span class="ring" />
          {phase.long && <span class="chip">{words.waitingForSignal}</span>}
        </div>
      );
    case "paused":
      return (
        <button type="button" class="big-play" aria-label={words.play} onClick={() => tuner.togglePause()}>
          {icons.play}
        </button>
      );
    case "failed":
      return <Failed phase={phase} />;
    case "playing":
      // Radio has no picture: the channel's name stands in its place.
      return tuner.soundOnly.value && channel ? (
        <Card channel={channel} label={words.listening(channel.name)} />
      ) : null;
  }
}

// The channel in the middle of the stage, with a ring that turns while it is on its way.
function Card({ channel, label, ring }: { channel: LineUpEntry; label: string; ring?: string }) {
  return (
    <div class="tuning" role="status" aria-label={label}>
      <span class={ring}>
        <Tile id={channel.id} name={channel.name} logo={channel.logo_url} />
      </span>
      <span class="tuning__number">{channel.number}</span>
      <span class="tuning__name">{channel.name}</span>
    </div>
  );
}

// Nothing can be watched before somebody logs in.
function Welcome() {
  return (
    <>
      <p>{words.welcome}</p>
      <p class="home__ways">
        <a class="button" href="/login">
          {words.logIn}
        </a>
        {house.value?.sign_up && (
          <a class="button button--quiet" href="/sign-up">
            {words.signUp}
          </a>
        )}
      </p>
    </>
  );
}

function Home() {
  const hasChannels = channels.value !== null && channels.value.length > 0;
  return (
    <div class="home">
      <Skyline />
      <div class="home__text">
        <h1>{words.tagline}</h1>
        {isShut.value ? <Welcome /> : hasChannels && <p>{words.choose}</p>}
      </div>
    </div>
  );
}

function TypedNumber() {
  const digits = typedNumber.value;
  const wrong = wrongNumber.value;
  if (digits === "" && wrong === null) return null;
  const channel = digits === "" ? undefined : byNumber(channels.value ?? [], Number.parseInt(digits, 10));
  return (
    <div class="typed" role="status" data-testid="number-entry">
      <span class="typed__digits">{digits === "" ? wrong : digits}</span>
      <span class="typed__name">{digits === "" ? words.noSuchNumber : (channel?.name ?? " ")}</span>
    </div>
  );
}

let touchedAt: { x: number; y: number } | null = null;

// Fingers: sideways is the next channel, a tap shows or hides the controls. A click by mouse closes what is
// open over the picture.
const gestures = {
  onPointerDown(event: PointerEvent) {
    touchedAt = event.isPrimary ? { x: event.clientX, y: event.clientY } : null;
  },
  onPointerCancel() {
    touchedAt = null;
  },
  onPointerUp(event: PointerEvent) {
    if (touchedAt === null || event.button !== 0) return;
    const [dx, dy] = [event.clientX - touchedAt.x, event.clientY - touchedAt.y];
    touchedAt = null;
    const isTouch = event.pointerType !== "mouse";
    if (isTouch && Math.abs(dx) > SWIPE && Math.abs(dx) > 1.5 * Math.abs(dy)) zap(dx < 0 ? 1 : -1);
    else if (openMenu.value !== null) openMenu.value = null;
    else if (isTouch && awake.value) sleep();
    else if (isTouch) wake();
    else if (tuner.phase.value.kind === "playing") listOpen.value = false;
  },
};
