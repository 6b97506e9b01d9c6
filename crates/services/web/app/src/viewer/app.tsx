// The whole screen: the stage with the picture, and the list of channels over it or, on a phone, below it.
import { ChannelList } from "./channel-list";
import { awake, listOpen, tuner } from "./control";
import { isFullscreen } from "./screen";
import { Stage } from "./stage";

export function App() {
  const isHome = tuner.phase.value.kind === "idle";
  const classes = [
    "app",
    awake.value ? "app--awake" : "app--asleep",
    listOpen.value || isHome ? "app--list" : "",
    isHome ? "app--home" : "",
    isFullscreen.value ? "app--full" : "",
  ];
  return (
    <div class={classes.filter((name) => name !== "").join(" ")}>
      <Stage />
      <ChannelList />
    </div>
  );
}
