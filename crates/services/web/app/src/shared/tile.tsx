// A channel's face: its logo, or its monogram where it has none or the logo does not load.
import { useEffect, useState } from "preact/hooks";
import { hueOf, monogram } from "./monogram";

// Other hosts that the server's content security policy lets pictures come from.
const hosts = (document.querySelector<HTMLMetaElement>('meta[name="content-hosts"]')?.content ?? "")
  .split(" ")
  .filter((host) => host !== "");

function mayLoad(url: string): boolean {
  const { origin, protocol } = new URL(url, location.href);
  return origin === location.origin || protocol === "data:" || hosts.includes(origin);
}

export function Tile(props: { id: string; name: string; logo: string | null; class?: string }) {
  const [broken, setBroken] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new address deserves a new try
  useEffect(() => setBroken(false), [props.logo]);
  const logo = props.logo !== null && !broken && mayLoad(props.logo) ? props.logo : null;
  const className = `tile ${logo ? "tile--logo" : "tile--mono"} ${props.class ?? ""}`;
  return (
    <span class={className} style={{ "--hue": String(hueOf(props.id)) }} aria-hidden="true">
      {logo ? (
        <img src={logo} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      ) : (
        <span>{monogram(props.name)}</span>
      )}
    </span>
  );
}
