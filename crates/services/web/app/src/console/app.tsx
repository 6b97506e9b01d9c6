// The console's frame: what page is shown, and the way to the others.
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { Wordmark } from "../shared/tower";
import { ChannelsPage } from "./channels/page";
import { HouseholdsPage } from "./households/page";
import { signOut, token } from "./operator";
import { InputsPage } from "./pages/inputs";
import { MailsPage } from "./pages/mails";
import { OfferPage } from "./pages/offer";
import { OriginsPage } from "./pages/origins";
import { Overview } from "./pages/overview";
import { SessionsPage } from "./pages/sessions";
import { TranscodersPage } from "./pages/transcoders";
import { SignIn } from "./sign-in";

const PAGES: { name: string; title: string; icon: string; page: FunctionComponent }[] = [
  {
    name: "overview",
    title: "Overview",
    icon: "M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h7v7h-7z",
    page: Overview,
  },
  {
    name: "inputs",
    title: "Inputs",
    icon: "M12 13v8M8 21h8M8 9a5.5 5.5 0 0 0 8 0M5 12a10 10 0 0 0 14 0M12 6.500v.01",
    page: InputsPage,
  },
  {
    name: "transcoders",
    title: "Transcoders",
    icon: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
    page: TranscodersPage,
  },
  {
    name: "origins",
    title: "Origins",
    icon: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8v.01M7.5 16v.01",
    page: OriginsPage,
  },
  {
    name: "sessions",
    title: "Sessions",
    icon: "M4 5h16v11H4zM9 20h6M10.5 8v5l4-2.500z",
    page: SessionsPage,
  },
  {
    name: "channels",
    title: "Channels",
    icon: "M4 6h4M4 12h4M4 18h4M12 6h8M12 12h8M12 18h8",
    page: ChannelsPage,
  },
  {
    name: "households",
    title: "Households",
    icon: "M4 11.5 12 5l8 6.500M6 10v9h12v-9M10 19v-5h4v5",
    page: HouseholdsPage,
  },
  {
    name: "packages",
    title: "Packages",
    icon: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
    page: OfferPage,
  },
  {
    name: "mails",
    title: "Mails",
    icon: "M4 6h16v12H4zM4 7l8 6 8-6",
    page: MailsPage,
  },
];

const pageOfAddress = () => /^#\/([a-z]+)$/.exec(location.hash)?.[1] ?? "overview";

const shown = signal(pageOfAddress());
addEventListener("hashchange", () => {
  shown.value = pageOfAddress();
});

export function App() {
  if (token.value === "") return <SignIn />;
  const current = PAGES.find((page) => page.name === shown.value) ?? PAGES[0];
  if (current === undefined) return null;
  const Page = current.page;
  return (
    <div class="console">
      <nav class="side" aria-label="Pages">
        <a class="side__mark" href="/" title="To the viewers’ app">
          <Wordmark />
        </a>
        {PAGES.map(({ name, title, icon }) => (
          <a
            class="side__link"
            href={`#/${name}`}
            aria-current={name === current.name ? "page" : undefined}
            key={name}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={icon} />
            </svg>
            {title}
          </a>
        ))}
        <button type="button" class="side__link side__out" onClick={() => signOut()}>
          Sign out
        </button>
      </nav>
      <main class="page">
        <Page />
      </main>
    </div>
  );
}
