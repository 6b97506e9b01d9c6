// Which of the account's pages is shown, and to whom.
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { who } from "../shared/session/session";
import { Confirm } from "./door/confirm";
import { Help } from "./door/help";
import { LogIn } from "./door/log-in";
import { NewEmail } from "./door/new-email";
import { Reset } from "./door/reset";
import { SignUp } from "./door/sign-up";
import { AccountPage } from "./home/account";
import { Chooser } from "./home/chooser";
import { DevicesPage } from "./home/devices";
import { Frame } from "./home/frame";
import { ProfilesPage } from "./home/profiles";
import { RunningPage } from "./home/running";
import { PackagesPage } from "./packages/page";
import { Pair } from "./pair/phone";
import { Tv } from "./pair/tv";
import { go, path } from "./route";

// For everybody.
const DOORS: Record<string, FunctionComponent> = {
  "/sign-up": SignUp,
  "/confirm": Confirm,
  "/login": LogIn,
  "/reset": Reset,
  "/email": NewEmail,
  "/tv": Tv,
  "/help": Help,
};

// For who is logged in, within the frame.
const ROOMS: Record<string, FunctionComponent> = {
  "/account": AccountPage,
  "/account/profiles": ProfilesPage,
  "/account/devices": DevicesPage,
  // What mails link to.
  "/devices": DevicesPage,
  "/account/packages": PackagesPage,
  "/account/running": RunningPage,
};

export function App() {
  const Shown = DOORS[path.value];
  if (Shown) return <Shown />;
  if (who.value === null) return <ToDoor />;
  if (path.value === "/pair") return <Pair />;
  if (path.value === "/profiles") return <Chooser />;
  const Room = ROOMS[path.value] ?? AccountPage;
  return (
    <Frame>
      <Room />
    </Frame>
  );
}

// Whoever has to log in first comes back here afterwards.
function ToDoor() {
  useEffect(() => {
    go(`/login?to=${encodeURIComponent(location.pathname + location.search)}`, true);
  }, []);
  return null;
}
