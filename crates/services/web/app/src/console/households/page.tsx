// Households: found by the beginning of their address, and everything that an operator does with one.
import { useEffect, useState } from "preact/hooks";
import type { Household, Households } from "../../shared/operators";
import { useAsked } from "../asked";
import { instant } from "../format";
import { Empty, Lamp, Problem } from "../parts";
import { Details } from "./details";

// Whoever types is not asked for after every letter.
const SETTLE_MS = 250;

export function HouseholdsPage() {
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  // Where each part began that was looked at so far; the last one is shown.
  const [cursors, setCursors] = useState<string[]>([]);
  const [open, setOpen] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(typed.trim());
      setCursors([]);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const query = new URLSearchParams();
  if (search !== "") query.set("email", search);
  const cursor = cursors.at(-1);
  if (cursor !== undefined) query.set("cursor", cursor);
  const list = useAsked<Households>(`/admin/v1/households?${query}`);
  return (
    <>
      <header class="page__head">
        <h1>Households</h1>
        <input
          type="search"
          class="search"
          placeholder="E-mail address begins with …"
          aria-label="E-mail address begins with"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </header>
      {list.problem !== null && <Problem>{list.problem}</Problem>}
      {list.value === null && list.problem === null && <Empty>One moment …</Empty>}
      {list.value !== null && <Table households={list.value.households} open={setOpen} />}
      <p class="actions">
        {cursors.length > 0 && (
          <button type="button" class="action" onClick={() => setCursors(cursors.slice(0, -1))}>
            Back
          </button>
        )}
        {list.value?.next && (
          <button
            type="button"
            class="action"
            onClick={() => list.value?.next && setCursors([...cursors, list.value.next])}
          >
            More
          </button>
        )}
      </p>
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

function Table({ households, open }: { households: Household[]; open: (id: string) => void }) {
  if (households.length === 0) return <Empty>No household has such an address.</Empty>;
  return (
    <table class="table table--click">
      <thead>
        <tr>
          <th>Address</th>
          <th>State</th>
          <th>Since</th>
          <th>Household</th>
        </tr>
      </thead>
      <tbody>
        {households.map((household) => (
          <tr key={household.id} onClick={() => open(household.id)}>
            <td>
              <button type="button" class="who">
                <span class="who__name">{household.email}</span>
              </button>
            </td>
            <td>
              <State household={household} />
            </td>
            <td class="number">{instant(household.created_at)}</td>
            <td>
              <code>{household.id}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function State({ household }: { household: Household }) {
  const isLocked = household.locked_at !== undefined && household.locked_at !== null;
  return <Lamp tone={isLocked ? "bad" : "good"}>{isLocked ? "locked" : "may log in"}</Lamp>;
}
