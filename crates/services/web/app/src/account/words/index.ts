// The words of the account's pages, in the first of the browser's languages that there are words for.

import type { Text } from "../../shared/household";
import { languageFor } from "../../shared/language";
import { de } from "./de";
import { en, type Words } from "./en";

export type { Words };

export const words: Words = languageFor(navigator.languages) === "de" ? de : en;

// Of a text in several languages the one that this page is in; where it is empty, the other.
export function textOf(text: Text): string {
  const [own, other] = words.locale === "de" ? [text.de, text.en] : [text.en, text.de];
  return own === "" ? other : own;
}

const dates = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium" });
const times = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" });

export const dateOf = (instant: string): string => format(dates, instant);
export const timeOf = (instant: string): string => format(times, instant);

// A time that cannot be read is shown as it came.
function format(how: Intl.DateTimeFormat, instant: string): string {
  const at = Date.parse(instant);
  return Number.isNaN(at) ? instant : how.format(at);
}
