// The icons of the player, drawn on a grid of 24.
import type { ComponentChildren } from "preact";

function Icon(props: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {props.children}
    </svg>
  );
}

export const icons = {
  list: (
    <Icon>
      <rect x="3" y="5" width="5" height="4" rx="1" />
      <rect x="3" y="15" width="5" height="4" rx="1" />
      <path d="M12 7h9M12 17h9" />
    </Icon>
  ),
  up: (
    <Icon>
      <path d="m6 14.5 6-6 6 6" />
    </Icon>
  ),
  down: (
    <Icon>
      <path d="m6 9.5 6 6 6-6" />
    </Icon>
  ),
  volume: (
    <Icon>
      <path d="M4 9.5h3.5L12 5.5v13l-4.5-4H4z" fill="currentColor" />
      <path d="M15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />
    </Icon>
  ),
  muted: (
    <Icon>
      <path d="M4 9.5h3.5L12 5.5v13l-4.5-4H4z" fill="currentColor" />
      <path d="m16 9.5 5 5M21 9.5l-5 5" />
    </Icon>
  ),
  quality: (
    <Icon>
      <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
      <circle cx="15" cy="7" r="2" />
      <circle cx="9" cy="17" r="2" />
    </Icon>
  ),
  audio: (
    <Icon>
      <path d="M4 10.5v3M8 7v10M12 4v16M16 8v8M20 10.5v3" />
    </Icon>
  ),
  pictureInPicture: (
    <Icon>
      <rect x="3" y="5" width="18" height="14" rx="2.5" />
      <rect x="12" y="11.5" width="6.5" height="5" rx="1" fill="currentColor" stroke="none" />
    </Icon>
  ),
  fullscreen: (
    <Icon>
      <path d="M4 9V5.500A1.5 1.5 0 0 1 5.5 4H9M15 4h3.500A1.5 1.5 0 0 1 20 5.500V9M20 15v3.500a1.5 1.5 0 0 1-1.5 1.500H15M9 20H5.500A1.5 1.5 0 0 1 4 18.500V15" />
    </Icon>
  ),
  leaveFullscreen: (
    <Icon>
      <path d="M9 4v3.500A1.5 1.5 0 0 1 7.5 9H4M20 9h-3.500A1.5 1.5 0 0 1 15 7.500V4M15 20v-3.500a1.5 1.5 0 0 1 1.5-1.500H20M4 15h3.500A1.5 1.5 0 0 1 9 16.500V20" />
    </Icon>
  ),
  play: (
    <Icon>
      <path d="M7.5 5.200v13.600L18.5 12z" fill="currentColor" />
    </Icon>
  ),
  check: (
    <Icon>
      <path d="m5 12.5 4.5 4.500L19 7.5" />
    </Icon>
  ),
  lock: (
    <Icon>
      <rect x="5" y="11" width="14" height="9" rx="2.5" />
      <path d="M8 11V8a4 4 0 0 1 8 0v3" />
    </Icon>
  ),
  person: (
    <Icon>
      <circle cx="12" cy="8.5" r="3.5" />
      <path d="M5 19.500c1-3.500 3.800-5 7-5s6 1.500 7 5" />
    </Icon>
  ),
  noSignal: (
    <Icon>
      <path d="M12 13v7M8.5 20h7M7.5 11.500a6 6 0 0 1 1-6M16.5 11.500a6 6 0 0 0-1-6M4.5 13.500a10.5 10.5 0 0 1 1-10M19.5 13.500a10.5 10.5 0 0 0-1-10M4 4l16 16" />
    </Icon>
  ),
};
