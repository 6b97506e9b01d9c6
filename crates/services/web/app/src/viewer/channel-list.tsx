// The list of channels: over the picture on a large screen, below it on a phone.
import { useEffect, useRef, useState } from "preact/hooks";
import { hasAccounts } from "../shared/house";
import { who } from "../shared/session/session";
import { Tile } from "../shared/tile";
import { Wordmark } from "../shared/tower";
import type { LineUpEntry } from "../shared/wire";
import { awake, listOpen, tuner, wake, watch } from "./control";
import { lockOf, packageNames } from "./household";
import { icons } from "./icons";
import { channels, reachable } from "./lineup";
import { words } from "./words";
import { pathOfChannel } from "./zapping";

const HAS_MOUSE = matchMedia("(hover: hover)").matches;

export function ChannelList() {
  const isShown = (listOpen.value && awake.value) || tuner.phase.value.kind === "idle";
  return (
    // Hidden, it must not take the focus either; on a phone the style sheet shows it all the same.
    <aside class="list" aria-label={words.channels} data-shown={isShown} onPointerDown={wake}>
      <header class="list__head">
        <Wordmark />
        <span class="list__side">
          <Clock />
          <AccountLink />
        </span>
      </header>
      <Rows />
      {!reachable.value && channels.value !== null && (
        <p class="list__note" role="status">
          {words.connectionLost}
        </p>
      )}
      <footer class="list__keys">
        <Key keys="↑↓">{words.keys.zap}</Key>
        <Key keys="0–9">{words.keys.number}</Key>
        <Key keys="M">{words.keys.mute}</Key>
        <Key keys="F">{words.keys.fullscreen}</Key>
      </footer>
    </aside>
  );
}

// In a house with accounts: to the own one, or in.
function AccountLink() {
  if (!hasAccounts.value) return null;
  const isIn = who.value !== null;
  const back = encodeURIComponent(location.pathname);
  return (
    <a class="list__account" href={isIn ? "/account" : `/login?to=${back}`} data-testid="account">
      {icons.person}
      <span class={isIn ? "visually-hidden" : ""}>{isIn ? words.account : words.logIn}</span>
    </a>
  );
}

function Rows() {
  const all = channels.value;
  const list = useRef<HTMLElement>(null);
  const chosen = tuner.channel.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows every change of channel and line-up
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen, all]);
  if (all === null) {
    return <p class="list__empty">{reachable.value ? words.loading : words.connectionLost}</p>;
  }
  if (all.length === 0) {
    return (
      <p class="list__empty">
        <strong>{words.noChannels}</strong>
        <br />
        {words.noChannelsHint}
      </p>
    );
  }
  return (
    <nav class="list__rows" ref={list} onKeyDown={moveFocus} onScroll={wake}>
      {all.map((channel) => (
        <Row key={channel.id} channel={channel} isChosen={channel.id === chosen} />
      ))}
    </nav>
  );
}

function Row({ channel, isChosen }: { channel: LineUpEntry; isChosen: boolean }) {
  const choose = (event: MouseEvent) => {
    // Let the browser open a new tab where it is asked to.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    // After a click by hand the arrow keys zap; by keyboard they go on moving in the list.
    if (event.detail > 0) (event.currentTarget as HTMLElement).blur();
    // On a phone held sideways the list covers half of the picture that was just asked for.
    if (!HAS_MOUSE) listOpen.value = false;
    watch(channel.id);
  };
  const lock = lockOf(channel.id);
  const state =
    lock === null ? (channel.on_air ? words.live : words.offAir) : words.locked(packageNames(lock));
  const look = [channel.on_air ? "" : "row--off", lock === null ? "" : "row--locked"];
  return (
    <a
      class={`row ${look.join(" ")}`}
      href={pathOfChannel(channel.id)}
      aria-current={isChosen ? "true" : undefined}
      data-testid={`channel-${channel.id}`}
      onClick={choose}
    >
      <span class="row__number">{channel.number}</span>
      <Tile id={channel.id} name={channel.name} logo={channel.logo_url} />
      <span class="row__text">
        <span class="row__name">{channel.name}</span>
        <span class="row__state">
          {lock === null ? <span class="dot" aria-hidden="true" /> : icons.lock}
          {lock !== null && <span class="visually-hidden">{words.lockedName}.</span>}
          <span class="row__what">{state}</span>
        </span>
      </span>
      {isChosen && tuner.phase.value.kind === "playing" && (
        <span class="bars" role="img" aria-label={words.nowWatching}>
          <i />
          <i />
          <i />
        </span>
      )}
    </a>
  );
}

// Inside the list the arrows move the focus.
function moveFocus(event: KeyboardEvent): void {
  const steps = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (steps === undefined) return;
  event.preventDefault();
  wake();
  const rows = [...document.querySelectorAll<HTMLElement>(".row")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[(at + steps + rows.length) % rows.length]?.focus();
}

function Key(props: { keys: string; children: string }) {
  return (
    <span>
      <kbd>{props.keys}</kbd> {props.children}
    </span>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function Clock() {
  const [time, setTime] = useState(() => clock.format());
  useEffect(() => {
    const timer = setInterval(() => setTime(clock.format()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <time class="list__clock">{time}</time>;
}
