// Full screen and picture in picture, with the ways round that iPhones need.
import { signal } from "@preact/signals";

interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

export const isFullscreen = signal(false);

document.addEventListener("fullscreenchange", () => {
  isFullscreen.value = document.fullscreenElement !== null;
});

export function toggleFullscreen(): void {
  const stage = document.querySelector<HTMLElement>(".app");
  const video = document.querySelector<AppleVideo>("video");
  // The browser may refuse; then the page stays as it is, which is an answer too.
  if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined);
  else if (stage?.requestFullscreen) stage.requestFullscreen().catch(() => undefined);
  else video?.webkitEnterFullscreen?.();
}

export const hasPictureInPicture = document.pictureInPictureEnabled === true;

export function togglePictureInPicture(video: HTMLVideoElement): void {
  if (!hasPictureInPicture) return;
  if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => undefined);
  else if (video.readyState > 0) video.requestPictureInPicture().catch(() => undefined);
}

// A phone sets the volume with its own keys, and ignores what a page wants.
export const hasVolume = (() => {
  const probe = document.createElement("video");
  probe.volume = 0.5;
  return probe.volume === 0.5 && matchMedia("(hover: hover)").matches;
})();
