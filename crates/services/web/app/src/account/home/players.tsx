// Other players (Kodi, TiviMate, VLC, Jellyfin): a link for one is made here, and its addresses are shown once.
import { useRef, useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import type { PlayerLink, Profile } from "../../shared/household";
import { ask, who } from "../../shared/session/session";
import { useLoaded } from "../load";
import { Qr } from "../pair/qr";
import { Done, Field, Form, textIn, useAction } from "../parts";
import { words } from "../words";
import { Cancel, Card } from "./account";
import { PROFILES } from "./chooser";

const LINKS = "/api/v1/me/links";

export function Players({ changed }: { changed: () => Promise<void> }) {
  const [isOpen, setOpen] = useState(false);
  const [link, setLink] = useState<PlayerLink | null>(null);
  const { players } = words;
  const made = async (link: PlayerLink) => {
    setLink(link);
    setOpen(false);
    await changed();
  };
  return (
    <Card title={players.title}>
      <p>{players.text}</p>
      {link !== null && <Addresses link={link} />}
      {isOpen ? (
        <NewLink made={made} close={() => setOpen(false)} />
      ) : (
        <button type="button" class="button button--plain" onClick={() => setOpen(true)}>
          {players.add}
        </button>
      )}
    </Card>
  );
}

function NewLink(props: { made: (link: PlayerLink) => Promise<void>; close: () => void }) {
  const action = useAction();
  const profiles = useLoaded<Profile[]>(PROFILES);
  const { players } = words;
  const submit = async (fields: FormData) => {
    const json = { name: textIn(fields, "player").trim(), profile: textIn(fields, "profile") || undefined };
    try {
      await props.made(await ask<PlayerLink>(LINKS, { method: "POST", json }));
    } catch (error) {
      // There is one thing that can be in the way.
      const isFull = error instanceof ApiError && error.kind === "conflict";
      throw isFull ? new ApiError("conflict", players.full) : error;
    }
  };
  return (
    <Form
      action={action}
      submit={players.make}
      onSubmit={submit}
      class="form--inline"
      more={<Cancel onClick={props.close} />}
    >
      <Field label={players.name} name="player" hint={players.nameHint} maxLength={64} focus />
      {profiles.value !== null && profiles.value.length > 1 && (
        <label class="field">
          <span>{players.profile}</span>
          <select class="select" name="profile">
            {profiles.value.map((profile) => (
              <option key={profile.id} value={profile.id} selected={profile.id === who.value?.profile}>
                {profile.child ? `${profile.name} (${words.profiles.child})` : profile.name}
              </option>
            ))}
          </select>
          <small>{players.profileHint}</small>
        </label>
      )}
    </Form>
  );
}

function Addresses({ link }: { link: PlayerLink }) {
  const { players } = words;
  const playlist = location.origin + link.playlist;
  return (
    <div class="addresses" data-testid="player-link">
      <Done>{players.once(link.device.name)}</Done>
      <Address label={players.playlist} name="playlist" address={playlist} />
      <Address label={players.guide} name="guide" address={location.origin + link.guide} />
      <Qr text={playlist} label={players.qr} />
      <p class="quiet">{players.secret}</p>
    </div>
  );
}

function Address(props: { label: string; name: string; address: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const { players } = words;
  const copy = async () => {
    input.current?.select();
    setCopied(await copied(props.address));
  };
  return (
    <label class="field">
      <span>{props.label}</span>
      <span class="field__row">
        <input
          ref={input}
          name={props.name}
          value={props.address}
          readOnly
          spellcheck={false}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button
          type="button"
          class="field__tool"
          aria-label={`${players.copy}: ${props.label}`}
          onClick={() => void copy()}
        >
          {isCopied ? players.copied : players.copy}
        </button>
      </span>
    </label>
  );
}

// Copies a text that is selected already. The clipboard is there on secure pages only, and a house without TLS is none.
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
