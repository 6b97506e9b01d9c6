// Which of our languages a reader gets.

export type Language = "de" | "en";

// The first of the browser's languages that there are words for; English otherwise.
export function languageFor(languages: readonly string[]): Language {
  for (const language of languages) {
    if (/^de\b/i.test(language)) return "de";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
}
