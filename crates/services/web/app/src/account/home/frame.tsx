// What is around every page of the account: the way to the others, and out.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { logOut, who } from "../../shared/session/session";
import { Wordmark } from "../../shared/tower";
import { useAction } from "../parts";
import { go, path } from "../route";
import { words } from "../words";

const PAGES = [
  ["/account", "account"],
  ["/account/profiles", "profiles"],
  ["/account/devices", "devices"],
  ["/account/packages", "packages"],
  ["/account/running", "running"],
] as const;

// `/devices`, as mails have it, is the devices' page too.
function isAt(address: string): boolean {
  return path.value === address || (path.value === "/devices" && address === "/account/devices");
}

export function Frame({ children }: { children: ComponentChildren }) {
  const action = useAction();
  const tabs = useRef<HTMLElement>(null);
  // On a phone not all of them fit.
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows every change of page
  useEffect(() => {
    tabs.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path.value]);
  return (
    <div class="frame">
      <header class="frame__head">
        <a class="frame__mark" href="/" aria-label={words.toTelevision}>
          <Wordmark />
        </a>
        <a class="button button--plain" href="/">
          {words.toTelevision}
        </a>
      </header>
      <nav class="tabs" ref={tabs} aria-label={words.nav.label}>
        {PAGES.map(([address, name]) => (
          <a key={address} href={address} aria-current={isAt(address) ? "page" : undefined}>
            {words.nav[name]}
          </a>
        ))}
        <button
          type="button"
          disabled={action.isBusy}
          onClick={() => void action.run(() => logOut()).then(() => go("/"))}
        >
          {words.nav.logOut}
        </button>
      </nav>
      <main class="frame__page">
        {who.value?.child && (
          <p class="problem">
            {words.childNotice} <a href="/profiles">{words.profiles.who}</a>
          </p>
        )}
        {children}
      </main>
    </div>
  );
}
