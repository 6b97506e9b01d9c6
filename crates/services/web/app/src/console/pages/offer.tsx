// The offer: packages with what they give and cost, licences with what broadcasters allow.
import { useState } from "preact/hooks";
import type { Give, Licence, Offer } from "../../shared/operators";
import { useAsked } from "../asked";
import { instant } from "../format";
import { Chips, Empty, Lamp, Problem } from "../parts";
import { OfferEditor } from "./offer-editor";

export function OfferPage() {
  const [isEditing, setEditing] = useState(false);
  const offer = useAsked<Offer>("/admin/v1/offer");
  return (
    <>
      <header class="page__head">
        <h1>Packages and licences</h1>
        {offer.value !== null && (
          <button type="button" class="action" onClick={() => setEditing(true)}>
            Change the offer
          </button>
        )}
      </header>
      {isEditing && offer.value !== null && (
        <OfferEditor
          offer={offer.value}
          close={() => {
            setEditing(false);
            void offer.again();
          }}
        />
      )}
      {offer.problem !== null && <Problem>{offer.problem}</Problem>}
      {offer.value === null && offer.problem === null && <Empty>One moment …</Empty>}
      {offer.value !== null && (
        <>
          <Packages offer={offer.value} />
          <Licences licences={offer.value.licences} />
          <Groups offer={offer.value} />
        </>
      )}
    </>
  );
}

// `every channel`, or the channels and groups by name.
export function scopeOf({ every_channel, channels = [], groups = [] }: Partial<Give>): string[] {
  return every_channel ? ["every channel"] : [...groups.map((group) => `group ${group}`), ...channels];
}

// `from 1 May 2026`, `until …`, `20:00–06:00`: whatever limits it.
export function spanOf({ from, until, hours }: Partial<Give>): string {
  return [
    from && `from ${instant(from)}`,
    until && `until ${instant(until)}`,
    hours && `${hours.from}–${hours.until}`,
  ]
    .filter((part) => part)
    .join(", ");
}

const named = (actions: readonly string[]) => actions.map((action) => action.replace("_", " "));

export function price(cents: number, currency: string, period: string): string {
  if (cents === 0) return "free";
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return `${format.format(cents / 10 ** digits)} a ${period}`;
}

function Packages({ offer }: { offer: Offer }) {
  if (offer.packages.length === 0) return <Empty>There are no packages yet.</Empty>;
  const inOrder = [...offer.packages].sort(
    (a, b) => Number(a.kind === "option") - Number(b.kind === "option") || a.order - b.order,
  );
  return (
    <table class="table">
      <thead>
        <tr>
          <th>Package</th>
          <th>State</th>
          <th>Gives</th>
          <th>Plans</th>
          <th class="right">At once</th>
        </tr>
      </thead>
      <tbody>
        {inOrder.map(({ id, name, kind, on_sale, streams, gives }) => (
          <tr key={id}>
            <td>
              <strong>{name.en || name.de}</strong>
              <span class="below">
                <code>{id}</code> {kind === "option" && "option"}
              </span>
            </td>
            <td>
              <Lamp tone={on_sale ? "good" : "off"}>{on_sale ? "on sale" : "not on sale"}</Lamp>
            </td>
            <td class="wide">
              {gives.map((give) => (
                <div class="give" key={JSON.stringify(give)}>
                  <strong>{scopeOf(give).join(", ")}</strong> <span class="quiet">{spanOf(give)}</span>
                  <Chips of={named(give.actions)} />
                </div>
              ))}
            </td>
            <td>
              {offer.plans
                .filter((plan) => plan.package === id)
                .map((plan) => (
                  <span class="below" key={plan.id}>
                    <code>{plan.id}</code> {price(plan.cents, plan.currency, plan.period)}
                    {plan.trial_days > 0 && `, ${plan.trial_days} days to try`}
                    {!plan.on_sale && ", not on sale"}
                  </span>
                ))}
            </td>
            <td class="right number">{kind === "option" ? `+${streams}` : streams}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Licences({ licences }: { licences: Licence[] }) {
  return (
    <>
      <h2 class="section">Licences</h2>
      {licences.length === 0 ? (
        <Empty>There are no licences yet.</Empty>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th>Licence</th>
              <th>Channels</th>
              <th>Grants</th>
              <th>In force</th>
              <th class="right">Age</th>
            </tr>
          </thead>
          <tbody>
            {licences.map((licence) => (
              <tr key={licence.id}>
                <td>
                  <code>{licence.id}</code>
                  {licence.broadcaster && <span class="below quiet">{licence.broadcaster}</span>}
                </td>
                <td>{scopeOf(licence).join(", ")}</td>
                <td class="wide">
                  <Chips of={named(licence.actions)} />
                  {licence.catch_up_hours !== undefined && (
                    <span class="below quiet">{licence.catch_up_hours} h back</span>
                  )}
                </td>
                <td>{spanOf(licence) || "always"}</td>
                <td class="right number">{licence.age}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Groups({ offer }: { offer: Offer }) {
  return (
    <>
      <h2 class="section">Groups of channels, broadcasters</h2>
      {offer.channel_groups.map(({ id, name, channels }) => (
        <p class="line" key={id}>
          <code>{id}</code>
          <strong>{name.en || name.de}</strong>
          <Chips of={channels} />
        </p>
      ))}
      {offer.broadcasters.map(({ id, name, streams }) => (
        <p class="line" key={id}>
          <code>{id}</code>
          <strong>{name}</strong>
          <span class="quiet">{streams === undefined ? "no limit" : `${streams} at once`}</span>
        </p>
      ))}
    </>
  );
}
