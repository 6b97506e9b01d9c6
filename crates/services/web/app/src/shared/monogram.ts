// What stands for a channel that has no logo: a few letters of its name on a colour of its own.

// Words behind a name that tell nobody which channel it is.
const NOISE = new Set(["hd", "uhd", "sd", "4k"]);

// One to four letters or digits: `Das Erste HD` is `DE`, `Kanal 3` is `K3`, `ZDF` is `ZDF`, `Phoenix` is `Ph`.
export function monogram(name: string): string {
  const words = name.split(/[^\p{L}\p{N}+]+/u).filter((word) => word !== "");
  const telling = words.filter((word) => !NOISE.has(word.toLowerCase()));
  const used = telling.length > 0 ? telling : words;
  const [first, second] = used;
  if (first === undefined) return "?";
  if (second === undefined) return ofOneWord([...first]);
  return used.slice(0, 3).map(ofOneOfMany).join("").slice(0, 4).toUpperCase();
}

function ofOneWord(letters: string[]): string {
  const word = letters.join("");
  const isShort = letters.length <= 3 || (letters.length === 4 && word === word.toUpperCase());
  if (isShort) return word.toUpperCase();
  return `${letters[0]?.toUpperCase()}${letters[1]}`;
}

function ofOneOfMany(word: string): string {
  return /^\p{N}{1,2}$/u.test(word) ? word : ([...word][0] ?? "");
}

// A hue (degrees) that depends on nothing but the id, so that a channel keeps its colour everywhere.
export function hueOf(id: string): number {
  // FNV-1a, folded: neighbouring ids (`kanal-1`, `kanal-2`) end up far apart on the wheel.
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash >>> 8) % 360;
}
