// Mails: what waits, what was sent and what was given up; and, where there is no mail server, what they said.
import { useState } from "preact/hooks";
import type { MailDetails, MailEntry, MailList } from "../../shared/operators";
import { useAsked, useDeed } from "../asked";
import { Dialog } from "../channels/dialog";
import { instant } from "../format";
import { ask } from "../operator";
import { Empty, Lamp, Problem } from "../parts";

const TONES = { waiting: "warn", sent: "good", dead: "bad" } as const;
const MAILS = "/admin/v1/mails";

export function MailsPage() {
  const [to, setTo] = useState("");
  const [state, setState] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const query = new URLSearchParams();
  // Whole addresses only: half of one names nobody.
  if (/^[^@\s]+@[^@\s]+$/.test(to.trim())) query.set("to", to.trim());
  if (state !== "") query.set("state", state);
  const list = useAsked<MailList>(`${MAILS}?${query}`);
  return (
    <>
      <header class="page__head">
        <h1>Mails</h1>
        <span class="actions">
          <input
            type="search"
            class="search"
            placeholder="To this address …"
            aria-label="To this address"
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
          <select aria-label="State" value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">every state</option>
            {Object.keys(TONES).map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
          <button type="button" class="action" onClick={() => void list.again()}>
            Look again
          </button>
        </span>
      </header>
      {list.problem !== null && <Problem>{list.problem}</Problem>}
      {list.value === null && list.problem === null && <Empty>One moment …</Empty>}
      {list.value !== null && <Table mails={list.value.mails} open={setOpen} />}
      {open !== null && (
        <Details
          id={open}
          close={() => {
            setOpen(null);
            void list.again();
          }}
        />
      )}
    </>
  );
}

function Table({ mails, open }: { mails: MailEntry[]; open: (id: string) => void }) {
  if (mails.length === 0) return <Empty>There are no such mails.</Empty>;
  return (
    <table class="table table--click">
      <thead>
        <tr>
          <th>To</th>
          <th>State</th>
          <th>What</th>
          <th>When</th>
        </tr>
      </thead>
      <tbody>
        {mails.map((mail) => (
          <tr key={mail.id} onClick={() => open(mail.id)}>
            <td>
              <button type="button" class="who">
                <span class="who__name">{mail.to}</span>
              </button>
            </td>
            <td>
              <Lamp tone={TONES[mail.state]}>{mail.state}</Lamp>
              {mail.reason && <span class="below quiet">{mail.reason}</span>}
            </td>
            <td>
              {mail.template.replaceAll("_", " ")} <span class="quiet">{mail.language}</span>
            </td>
            <td class="number">{instant(mail.accepted_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Details({ id, close }: { id: string; close: () => void }) {
  const path = `${MAILS}/${encodeURIComponent(id)}`;
  const details = useAsked<MailDetails>(path);
  const deed = useDeed();
  const caught = details.value?.caught;
  return (
    <Dialog title={caught?.subject ?? details.value?.mail.to ?? "Mail"} wide close={close}>
      {details.problem !== null && <Problem>{details.problem}</Problem>}
      {caught !== undefined ? (
        <>
          <p class="quiet">
            From {caught.from} to {details.value?.mail.to}
          </p>
          <pre class="letter">{caught.text}</pre>
          {caught.link !== undefined && (
            <a class="action action--main" href={caught.link} target="_blank" rel="noreferrer">
              Follow its link
            </a>
          )}
        </>
      ) : (
        details.value !== null && <Empty>What it said is not kept: links in mails open accounts.</Empty>
      )}
      {details.value?.mail.state === "dead" && (
        <p class="actions">
          <button
            type="button"
            class="action"
            disabled={deed.isBusy}
            onClick={() =>
              void deed
                .run(() => ask(`${path}/retry`, { method: "POST" }))
                .then((isDone) => isDone && close())
            }
          >
            Try once more
          </button>
        </p>
      )}
      {deed.problem !== null && <Problem>{deed.problem}</Problem>}
    </Dialog>
  );
}
