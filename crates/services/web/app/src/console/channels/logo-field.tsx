// A channel's logo: kept, replaced by a file, or taken away.
import { useEffect, useState } from "preact/hooks";
import { Tile } from "../../shared/tile";
import type { Channel } from "../../shared/wire";

export type LogoChoice = { kind: "unchanged" } | { kind: "none" } | { kind: "file"; file: File };

interface Props {
  channel: Channel | null;
  choice: LogoChoice;
  onChange: (choice: LogoChoice) => void;
}

export function LogoField({ channel, choice, onChange }: Props) {
  const shown = usePreview(channel, choice);
  return (
    <div class="logo-field">
      <Tile id={channel?.id ?? ""} name={channel?.name ?? "?"} logo={shown} />
      <label class="action">
        {shown === null ? "Choose a logo" : "Replace the logo"}
        <input
          type="file"
          class="visually-hidden"
          accept="image/png,image/jpeg,image/webp,image/svg+xml"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) onChange({ kind: "file", file });
          }}
        />
      </label>
      {shown !== null && (
        <button
          type="button"
          class="action"
          onClick={() => onChange(channel?.logo_url ? { kind: "none" } : { kind: "unchanged" })}
        >
          Remove
        </button>
      )}
    </div>
  );
}

// The chosen file as a data URL, which is what the content security policy lets a picture be.
function usePreview(channel: Channel | null, choice: LogoChoice): string | null {
  const [preview, setPreview] = useState<string | null>(null);
  const file = choice.kind === "file" ? choice.file : null;
  useEffect(() => {
    setPreview(null);
    if (file === null) return;
    const reader = new FileReader();
    reader.onload = () => setPreview(typeof reader.result === "string" ? reader.result : null);
    reader.readAsDataURL(file);
    return () => reader.abort();
  }, [file]);
  if (choice.kind === "unchanged") return channel?.logo_url ?? null;
  return preview;
}
