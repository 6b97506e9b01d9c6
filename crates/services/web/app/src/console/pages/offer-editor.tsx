// Changes the offer as a document: it is checked, and what it would change is shown, before anything is changed.
import { useEffect, useState } from "preact/hooks";
import type { Offer, OfferReport } from "../../shared/operators";
import { useDeed } from "../asked";
import { Dialog } from "../channels/dialog";
import { ask } from "../operator";
import { Problem } from "../parts";

const OFFER = "/admin/v1/offer";

// The document in the text, or what is wrong with it.
export function parseOffer(text: string): { offer: object } | { problem: string } {
  try {
    const offer: unknown = JSON.parse(text);
    if (typeof offer === "object" && offer !== null && !Array.isArray(offer)) return { offer };
    return { problem: 'The offer is an object: { "packages": […], … }' };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : error}` };
  }
}

// What a new offer would change, and the version that it was compared with.
function dryRun(offer: object): Promise<OfferReport> {
  return ask<OfferReport>(`${OFFER}?dry_run=true`, { method: "PUT", json: offer });
}

export function OfferEditor({ offer, close }: { offer: Offer; close: () => void }) {
  const [text, setText] = useState(() => JSON.stringify(offer, null, 2));
  const [report, setReport] = useState<OfferReport | null>(null);
  // The version that this began with: what somebody else changed meanwhile is not undone.
  const [version, setVersion] = useState<number | null>(null);
  const [mistake, setMistake] = useState<string | null>(null);
  const deed = useDeed();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useEffect(() => {
    void deed.run(async () => setVersion((await dryRun(offer)).version));
  }, []);
  const check = () => {
    const parsed = parseOffer(text);
    if ("problem" in parsed) {
      setMistake(parsed.problem);
      return;
    }
    void deed.run(async () => setReport(await dryRun(parsed.offer)));
  };
  const apply = () => {
    const parsed = parseOffer(text);
    if ("problem" in parsed || version === null) return;
    const change = () => ask(OFFER, { method: "PUT", json: parsed.offer, ifMatch: `"${version}"` });
    void deed.run(change).then((isDone) => isDone && close());
  };
  return (
    <Dialog title="Change the offer" wide close={close}>
      <div class="form">
        <textarea
          class="document"
          aria-label="The offer as JSON"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setReport(null);
            setMistake(null);
          }}
        />
        {(mistake ?? deed.problem) !== null && <Problem>{mistake ?? deed.problem}</Problem>}
        {report !== null && <Report report={report} />}
        <p class="actions">
          <button type="button" class="action" disabled={deed.isBusy} onClick={check}>
            Check
          </button>
          <button
            type="button"
            class="action action--main"
            disabled={deed.isBusy || report === null || version === null}
            onClick={apply}
          >
            Apply
          </button>
        </p>
      </div>
    </Dialog>
  );
}

function Report({ report }: { report: OfferReport }) {
  const parts: [string, string[]][] = [
    ["New", report.added],
    ["Changed", report.changed],
    ["Removed", report.removed],
    ["Perhaps a mistake", report.warnings],
  ];
  const told = parts.filter(([, what]) => what.length > 0);
  return (
    <div class="answer" role="status">
      {told.length === 0 && <p>Nothing would change.</p>}
      {told.map(([name, what]) => (
        <p key={name}>
          <strong>{name}:</strong> {what.join(", ")}
        </p>
      ))}
    </div>
  );
}
