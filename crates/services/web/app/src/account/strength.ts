// How hard a password is to guess, roughly: a hint for whoever chooses one, and never a rule. What is too short or
// known to be stolen the server refuses.

export type Strength = "weak" | "fair" | "good" | "strong";

// Whoever guesses begins with these, whatever is put before or behind them.
const COMMON = [
  "password",
  "passwort",
  "123456",
  "12345678",
  "qwerty",
  "qwertz",
  "asdfgh",
  "letmein",
  "iloveyou",
  "ichliebedich",
  "hallo",
  "welcome",
  "willkommen",
  "geheim",
  "secret",
  "admin",
  "funkturm",
  "fernsehen",
  "television",
  "schatz",
  "fussball",
  "football",
  "dragon",
  "monkey",
];

// Keys and letters that follow each other.
const ROWS = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "qwertzuiop",
  "qwertyuiop",
  "asdfghjkl",
  "yxcvbnm",
  "zxcvbnm",
];

// Bits of guessing that make a password better than the step before.
const STEPS: [number, Strength][] = [
  [70, "strong"],
  [52, "good"],
  [36, "fair"],
];

export function strengthOf(password: string, email: string): Strength {
  const bits = bitsOf(password, email);
  return STEPS.find(([least]) => bits >= least)?.[1] ?? "weak";
}

// What is common, or says who it belongs to, counts like a single character; so does what follows from the
// character before it.
function bitsOf(password: string, email: string): number {
  let rest = password.toLowerCase();
  const own = email
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length >= 4);
  for (const known of [...own, ...COMMON]) rest = rest.replaceAll(known, "\u0000");
  const surprising = [...rest].filter((letter, i, all) => !follows(all[i - 1], letter)).length;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) =>
    kind.test(password),
  ).length;
  // A letter of a word is worth less than one drawn by lot: about three bits, a little more with each kind.
  return surprising * (2.6 + 0.5 * kinds);
}

function follows(before: string | undefined, letter: string): boolean {
  if (before === undefined) return false;
  if (before === letter) return true;
  return ROWS.some((row) => row.includes(before + letter) || row.includes(letter + before));
}
