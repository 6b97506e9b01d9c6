// Brings in a whole line-up from an M3U file: first what would happen, then, once agreed, one by one.
import { useMemo, useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import type { Channel, NewChannel, Profile } from "../../shared/wire";
import { refreshAll } from "../live";
import { ask } from "../operator";
import { Lamp, Problem } from "../parts";
import { Dialog } from "./dialog";
import { PROFILES } from "./draft";
import { judge, type M3uEntry, parseM3u, type Verdict } from "./m3u";

// What became of an entry that was sent.
type Outcome = { kind: "done" } | { kind: "refused"; why: string };

export function Importer({ channels, close }: { channels: Channel[]; close: () => void }) {
  const [text, setText] = useState("");
  const [profile, setProfile] = useState<Profile>("passthrough");
  const [excluded, setExcluded] = useState<ReadonlySet<number>>(new Set());
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, Outcome>>(new Map());
  const [isBusy, setBusy] = useState(false);
  // The line-up as it was when the file was read: afterwards every entry would be known.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const { entries, refused, verdicts } = useMemo(() => {
    const parsed = parseM3u(text);
    return { ...parsed, verdicts: judge(parsed.entries, channels) };
  }, [text]);
  const wanted = entries
    .map((entry, i) => ({ entry, i, verdict: verdicts[i] }))
    .filter(
      ({ i, verdict }) => verdict?.kind !== "known" && !excluded.has(i) && outcomes.get(i)?.kind !== "done",
    );

  const run = async () => {
    setBusy(true);
    for (const { entry, i, verdict } of wanted) {
      const outcome = await bringIn(newChannel(entry, verdict, profile));
      setOutcomes((old) => new Map(old).set(i, outcome));
    }
    await refreshAll();
    setBusy(false);
  };
  const toggle = (i: number) =>
    setExcluded((old) => {
      const changed = new Set(old);
      if (!changed.delete(i)) changed.add(i);
      return changed;
    });

  return (
    <Dialog title="Import a line-up" wide close={close}>
      <Source
        isEmpty={text === ""}
        onText={(given) => {
          setText(given);
          setExcluded(new Set());
          setOutcomes(new Map());
        }}
      />
      {text !== "" && (
        <>
          {entries.length === 0 && <Problem>There is no channel in this file.</Problem>}
          {refused.map(({ line, text: what }) => (
            <Problem key={line}>
              Line {line} is no address that can be received: <code>{what.slice(0, 120)}</code>
            </Problem>
          ))}
          <div class="preview">
            <table class="table">
              <tbody>
                {entries.map((entry, i) => (
                  <tr key={entry.name} class={excluded.has(i) ? "is-off" : ""}>
                    <td>
                      <input
                        type="checkbox"
                        aria-label={`Import ${entry.name}`}
                        checked={verdicts[i]?.kind !== "known" && !excluded.has(i)}
                        disabled={verdicts[i]?.kind === "known" || isBusy || outcomes.has(i)}
                        onChange={() => toggle(i)}
                      />
                    </td>
                    <td class="right number">{entry.number ?? ""}</td>
                    <td>
                      <strong>{entry.name}</strong>
                      {entry.inputs.map(({ url, programme }) => (
                        <span class="below" key={`${url} ${programme}`}>
                          <code>{url}</code>
                          {programme !== undefined && <span class="quiet">programme {programme}</span>}
                        </span>
                      ))}
                    </td>
                    <td>
                      <State verdict={verdicts[i]} outcome={outcomes.get(i)} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <footer class="form__foot">
            <select
              aria-label="Profile of the imported channels"
              value={profile}
              onChange={(event) => setProfile(event.currentTarget.value as Profile)}
            >
              {Object.entries(PROFILES).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
            <button
              type="button"
              class="action action--main"
              disabled={isBusy || wanted.length === 0}
              onClick={() => void run()}
            >
              {isBusy
                ? "Importing …"
                : `Import ${wanted.length} ${wanted.length === 1 ? "channel" : "channels"}`}
            </button>
          </footer>
        </>
      )}
    </Dialog>
  );
}

function newChannel(entry: M3uEntry, verdict: Verdict | undefined, profile: Profile): NewChannel {
  return {
    name: entry.name,
    ...(verdict?.kind === "new" && entry.number !== null ? { number: entry.number } : {}),
    ...(entry.logo === null ? {} : { logo_url: entry.logo }),
    profile,
    redundant: false,
    inputs: entry.inputs,
  };
}

async function bringIn(channel: NewChannel): Promise<Outcome> {
  try {
    await ask("/admin/v1/channels", { method: "POST", json: channel });
    return { kind: "done" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { kind: "refused", why: error.message };
  }
}

function State({ verdict, outcome }: { verdict: Verdict | undefined; outcome: Outcome | undefined }) {
  if (outcome?.kind === "done") return <Lamp tone="good">imported</Lamp>;
  if (outcome?.kind === "refused") return <Lamp tone="bad">{outcome.why}</Lamp>;
  switch (verdict?.kind) {
    case "known":
      return <Lamp tone="off">already there as {verdict.channel.name}</Lamp>;
    case "renumbered":
      return <Lamp tone="warn">{verdict.taken} is taken: gets the next free number</Lamp>;
    default:
      return <Lamp tone="good">new</Lamp>;
  }
}

function Source({ isEmpty, onText }: { isEmpty: boolean; onText: (text: string) => void }) {
  return (
    <div class="source">
      <label class="action action--main">
        {isEmpty ? "Choose an M3U file" : "Choose another file"}
        <input
          type="file"
          class="visually-hidden"
          accept=".m3u,.m3u8,audio/x-mpegurl,application/vnd.apple.mpegurl"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void file.text().then(onText);
          }}
        />
      </label>
      {isEmpty && (
        <p class="quiet">
          As Tvheadend, dvblast set-ups and IPTV tools write it: names, numbers (<code>tvg-chno</code>), logos
          and programmes are taken over. Entries of one name become one channel with several inputs. Nothing
          is changed before you have seen what would happen.
        </p>
      )}
    </div>
  );
}
