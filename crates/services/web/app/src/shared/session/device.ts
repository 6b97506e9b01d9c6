// What this browser is called in the list of devices until somebody gives it a better name.

// The more telling ones first: Edge calls itself Chrome too, and Chrome Safari.
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\b(?:Web0S|WebOS|webOS)\b/i, "LG TV"],
  [/\bTizen\b/, "Samsung TV"],
  [/\bAndroid\b.*\b(?:TV|AFT\w+|BRAVIA)\b/, "Android TV"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b/, "Mac"],
  [/\bCrOS\b/, "Chromebook"],
  [/\bLinux\b/, "Linux"],
];

// `Firefox, Linux`; what is not known is left out.
export function deviceName(userAgent: string): string {
  const find = (names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const known = [find(BROWSERS), find(SYSTEMS)].filter((name) => name !== undefined);
  return known.length > 0 ? known.join(", ") : "Browser";
}

// One of the kinds of device that accounts knows.
export function deviceKind(userAgent: string): "tv" | "phone" | "tablet" | "computer" | "console" {
  if (/\b(?:Web0S|WebOS|Tizen|SmartTV|SMART-TV|AFT\w+|BRAVIA|HbbTV)\b|\bAndroid\b.*\bTV\b/i.test(userAgent))
    return "tv";
  if (/\b(?:PlayStation|Xbox|Nintendo)\b/.test(userAgent)) return "console";
  if (/\biPad\b/.test(userAgent) || (/\bAndroid\b/.test(userAgent) && !/\bMobile\b/.test(userAgent)))
    return "tablet";
  return /\b(?:iPhone|Android|Mobile)\b/.test(userAgent) ? "phone" : "computer";
}
