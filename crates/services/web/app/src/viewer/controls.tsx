// The bar at the foot of the picture: what is on, and everything that can be done with it.
import type { ComponentChildren } from "preact";
import { Tile } from "../shared/tile";
import { current, setVolume, toggleList, toggleMute, tuner, video, zap } from "./control";
import { icons } from "./icons";
import { audioLabels, qualityLabels } from "./labels";
import { Menu } from "./menu";
import {
  hasPictureInPicture,
  hasVolume,
  isFullscreen,
  toggleFullscreen,
  togglePictureInPicture,
} from "./screen";
import { settings } from "./settings";
import { words } from "./words";

export function Controls() {
  return (
    <div class="controls">
      <Now />
      <div class="controls__buttons">
        <div class="controls__group controls__group--zap">
          <Button label={words.showList} class="only-large" onClick={toggleList}>
            {icons.list}
          </Button>
          <Button label={words.previous} onClick={() => zap(-1)}>
            {icons.down}
          </Button>
          <Button label={words.next} onClick={() => zap(1)}>
            {icons.up}
          </Button>
        </div>
        <div class="controls__group">
          <Volume />
          <AudioMenu />
          <QualityMenu />
          {hasPictureInPicture && (
            <Button label={words.pictureInPicture} onClick={() => togglePictureInPicture(video)}>
              {icons.pictureInPicture}
            </Button>
          )}
          <Button
            label={isFullscreen.value ? words.leaveFullscreen : words.fullscreen}
            onClick={toggleFullscreen}
          >
            {isFullscreen.value ? icons.leaveFullscreen : icons.fullscreen}
          </Button>
        </div>
      </div>
    </div>
  );
}

function Now() {
  const channel = current.value;
  if (channel === undefined) return <div class="now" />;
  return (
    <div class="now">
      <Tile id={channel.id} name={channel.name} logo={channel.logo_url} />
      <span class="now__number" data-testid="now-number">
        {channel.number}
      </span>
      <span class="now__text">
        <span class="now__name" data-testid="now-name">
          {channel.name}
        </span>
        {tuner.phase.value.kind === "playing" && (
          <span class="badge">
            <span class="dot" aria-hidden="true" />
            {words.live}
          </span>
        )}
      </span>
    </div>
  );
}

function Button(props: { label: string; class?: string; onClick: () => void; children: ComponentChildren }) {
  return (
    <button
      type="button"
      class={`control ${props.class ?? ""}`}
      title={props.label}
      aria-label={props.label}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

function Volume() {
  const isSilent = settings.muted.value || tuner.silenced.value;
  const level = isSilent ? 0 : settings.volume.value;
  return (
    <div class="volume">
      <Button label={isSilent ? words.unmute : words.mute} onClick={toggleMute}>
        {isSilent ? icons.muted : icons.volume}
      </Button>
      {hasVolume && (
        <input
          type="range"
          class="volume__slider"
          min="0"
          max="1"
          step="0.01"
          value={level}
          style={{ "--level": `${level * 100}%` }}
          aria-label={words.volume}
          onInput={(event) => setVolume(event.currentTarget.valueAsNumber)}
          // After a drag the arrow keys belong to zapping again.
          onPointerUp={(event) => event.currentTarget.blur()}
        />
      )}
    </div>
  );
}

function QualityMenu() {
  const qualities = tuner.qualities.value;
  const labels = qualityLabels(qualities);
  const chosen = tuner.chosenQuality.value;
  const shown = tuner.shownQuality.value;
  const showing = chosen === null && shown !== null ? labels[shown] : undefined;
  const automatic = {
    label: showing === undefined ? words.automatic : `${words.automatic} (${showing})`,
    isChosen: chosen === null,
    choose: () => tuner.chooseQuality(null),
  };
  // Best first, as people look for it.
  const byHand = qualities
    .map((quality, i) => ({
      quality,
      label: labels[i] ?? "",
      isChosen: chosen === i,
      choose: () => tuner.chooseQuality(i),
    }))
    .sort((a, b) => b.quality.bitrate - a.quality.bitrate);
  return <Menu name="quality" label={words.quality} icon={icons.quality} items={[automatic, ...byHand]} />;
}

function AudioMenu() {
  const labels = audioLabels(tuner.audioTracks.value, words);
  const items = labels.map((label, i) => ({
    label,
    isChosen: tuner.chosenAudio.value === i,
    choose: () => tuner.chooseAudio(i),
  }));
  return <Menu name="audio" label={words.audio} icon={icons.audio} items={items} />;
}
