// Where in the account's pages the reader is: the path of the address, changed without loading anything.
import { signal } from "@preact/signals";

export const path = signal(pathOf(location.pathname));

// `/account/` is `/account`.
function pathOf(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

addEventListener("popstate", () => {
  path.value = pathOf(location.pathname);
});

// What these pages are; everything else belongs to the server.
const OURS =
  /^\/(?:sign-up|confirm|login|reset|email|help|devices|profiles|pair|tv|account(?:\/(?:profiles|devices|packages|running))?)$/;

// Goes to an address; one that is not ours is loaded.
export function go(address: string, replace = false): void {
  const url = new URL(address, location.origin);
  if (!OURS.test(pathOf(url.pathname))) {
    if (replace) location.replace(url);
    else location.assign(url);
    return;
  }
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  scrollTo(0, 0);
  path.value = pathOf(url.pathname);
}

// Links are followed without loading, unless the browser was asked for a new tab.
export function followLinks(): void {
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.origin !== location.origin || link.target !== "" || link.download !== "")
      return;
    if (link.dataset.load !== undefined) return;
    event.preventDefault();
    go(link.href);
  });
}

// A value in the query of the address.
export function query(name: string): string | null {
  return new URLSearchParams(location.search).get(name);
}

// A secret in the address, `#token=…` or `?token=…`, which leaves the address at once, so that it stays out of
// history, bookmarks and screenshots. null: there is none.
export function takeSecret(name: string): string | null {
  const inHash = new URLSearchParams(location.hash.slice(1));
  const inQuery = new URLSearchParams(location.search);
  const secret = inHash.get(name) ?? inQuery.get(name);
  if (secret === null) return null;
  inQuery.delete(name);
  const rest = inQuery.toString();
  history.replaceState(null, "", location.pathname + (rest === "" ? "" : `?${rest}`));
  return secret === "" ? null : secret;
}

// Where to go after logging in: only to a path of ours, never to another host.
export function wayBack(to: string | null, otherwise: string): string {
  if (to === null || !to.startsWith("/")) return otherwise;
  try {
    // `//elsewhere`, `/\elsewhere` and the like become other hosts.
    const url = new URL(to, "https://here.invalid");
    return url.host === "here.invalid" ? url.pathname + url.search : otherwise;
  } catch {
    return otherwise;
  }
}
