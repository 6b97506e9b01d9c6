// Packages: what the household has, what else there is, and vouchers. Nothing changes before it has been looked at.
import { useState } from "preact/hooks";
import type { Package, Plan, Rights, Subscription, Subscriptions } from "../../shared/household";
import { ask } from "../../shared/session/session";
import type { LineUp } from "../../shared/wire";
import { Card } from "../home/account";
import { type Loaded, useLoaded } from "../load";
import { Done, Field, Form, Heading, Problem, Spinner, textIn, useAction } from "../parts";
import { query } from "../route";
import { dateOf, textOf, words } from "../words";
import { type Choice, choiceOf, differenceOf, emptyText, packageOf, priceOf } from "./offer";

const SUBSCRIPTION = "/api/v1/me/subscription";

export function PackagesPage() {
  const offer = useLoaded<Package[]>("/api/v1/packages");
  const own = useLoaded<Subscriptions>(SUBSCRIPTION);
  const problem = offer.problem ?? own.problem;
  return (
    <>
      <Heading>{words.packages.title}</Heading>
      <Problem>{problem}</Problem>
      {offer.value === null || own.value === null ? (
        problem === null && <Spinner />
      ) : (
        <>
          <Owned packages={offer.value} subscriptions={own.value.subscriptions} />
          <Chooser packages={offer.value} own={own} subscriptions={own.value.subscriptions} />
          <Voucher changed={own.again} />
        </>
      )}
    </>
  );
}

function stateOf(subscription: Subscription): string {
  const { states } = words.packages;
  switch (subscription.state) {
    case "trial":
      return states.trial(dateOf(subscription.trial_ends ?? ""));
    case "ends_at":
      return states.ends_at(dateOf(subscription.ends_at ?? ""));
    default:
      return states[subscription.state];
  }
}

function Owned(props: { packages: Package[]; subscriptions: Subscription[] }) {
  const { packages: text } = words;
  return (
    <Card title={text.yours}>
      {props.subscriptions.length === 0 && <p class="quiet">{text.nothing}</p>}
      <ul class="plain">
        {props.subscriptions.map((subscription) => {
          const known = packageOf(props.packages, subscription.package);
          return (
            <li class="line" key={subscription.id}>
              <strong>{known ? textOf(known.name) : subscription.package}</strong>
              <span class="tag">{stateOf(subscription)}</span>
              <small>{text.since(dateOf(subscription.since))}</small>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function Chooser(props: { packages: Package[]; own: Loaded<Subscriptions>; subscriptions: Subscription[] }) {
  const { packages: text } = words;
  const action = useAction();
  const before = choiceOf(props.packages, props.subscriptions);
  const [chosen, setChosen] = useState<Choice | null>(null);
  const [isReviewed, setReviewed] = useState(false);
  const choice = chosen ?? before;
  const change = (next: Choice) => {
    setChosen(next);
    setReviewed(false);
  };
  const { begins, ends } = differenceOf(props.packages, before, choice);
  const isChanged = begins.length + ends.length > 0;
  const order = async () => {
    const json = { plan: choice.plan, options: [...choice.options] };
    await ask(SUBSCRIPTION, { method: "PUT", json });
    await props.own.again();
    setChosen(null);
    setReviewed(false);
  };
  const bases = props.packages.filter(({ kind }) => kind === "base");
  const options = props.packages.filter(({ kind }) => kind === "option");
  const wantedIn = useWanted();
  const toggle = (plan: string) => {
    const next = new Set(choice.options);
    if (!next.delete(plan)) next.add(plan);
    change({ ...choice, options: next });
  };
  return (
    <>
      {bases.length > 0 && (
        <fieldset class="offers">
          <legend>{text.base}</legend>
          {bases.map((each) => (
            <Offer
              key={each.id}
              package={each}
              wanted={wantedIn(each)}
              type="radio"
              isChosen={(plan) => choice.plan === plan.id}
              choose={(plan) => change({ ...choice, plan: plan.id })}
            />
          ))}
          <label class="offer offer--none">
            <span class="offer__plan">
              <input
                type="radio"
                name="plan"
                checked={choice.plan === null}
                onChange={() => change({ ...choice, plan: null })}
              />
              {text.none}
            </span>
          </label>
        </fieldset>
      )}
      {options.length > 0 && (
        <fieldset class="offers">
          <legend>{text.options}</legend>
          {options.map((each) => (
            <Offer
              key={each.id}
              package={each}
              wanted={wantedIn(each)}
              type="checkbox"
              isChosen={(plan) => choice.options.has(plan.id)}
              choose={(plan) => toggle(plan.id)}
            />
          ))}
        </fieldset>
      )}
      {action.isDone && !isChanged && <Done>{text.done}</Done>}
      <Problem>{action.problem}</Problem>
      {isChanged && !isReviewed && (
        <button type="button" class="button button--main" onClick={() => setReviewed(true)}>
          {text.changes}
        </button>
      )}
      {isChanged && isReviewed && (
        <Card title={text.review}>
          <ul class="plain">
            {ends.map((item) => (
              <li key={item.plan.id}>{text.ends(textOf(item.package.name))}</li>
            ))}
            {begins.map((item) => (
              <li key={item.plan.id}>{text.begins(textOf(item.package.name), costOf(item.plan))}</li>
            ))}
          </ul>
          <p class="line">
            <button
              type="button"
              class="button button--main"
              disabled={action.isBusy}
              onClick={() => void action.run(order)}
            >
              {text.order}
            </button>
            <button type="button" class="button button--plain" onClick={() => setChosen(null)}>
              {words.cancel}
            </button>
          </p>
        </Card>
      )}
    </>
  );
}

// `9.99 € per month, 30 days free`.
function costOf(plan: Plan): string {
  const { packages: text } = words;
  const price = priceOf(plan, navigator.language, text.free);
  const whole = plan.cents === 0 ? price : `${price} ${text.per[plan.period]}`;
  return plan.trial_days > 0 ? `${whole}, ${text.trial(plan.trial_days)}` : whole;
}

// Whoever came from a locked channel sees which packages have it.
function useWanted(): (each: Package) => string | null {
  const rights = useLoaded<Rights>("/api/v1/me/rights");
  const lineUp = useLoaded<LineUp>("/api/v1/channels");
  const wanted = query("for");
  if (wanted === null) return () => null;
  const name = lineUp.value?.channels.find(({ id }) => id === wanted)?.name ?? wanted;
  const packages = rights.value?.locked[wanted] ?? [];
  return ({ id }) => (packages.includes(id) ? name : null);
}

function Offer(props: {
  package: Package;
  // The channel that somebody came here for, if this package has it.
  wanted: string | null;
  type: "radio" | "checkbox";
  isChosen: (plan: Plan) => boolean;
  choose: (plan: Plan) => void;
}) {
  const { packages: text } = words;
  const { name, description, streams, kind, plans } = props.package;
  const isWanted = props.wanted !== null;
  return (
    <div class={isWanted ? "offer offer--wanted" : "offer"} data-testid={`package-${props.package.id}`}>
      <strong class="offer__name">{textOf(name)}</strong>
      {isWanted && <span class="tag tag--lit">{text.wanted(props.wanted ?? "")}</span>}
      {!emptyText(description) && <p>{textOf(description)}</p>}
      {streams > 0 && <small>{kind === "option" ? text.moreStreams(streams) : text.streams(streams)}</small>}
      {plans.map((plan) => (
        <label class="offer__plan" key={plan.id}>
          <input
            type={props.type}
            name={props.type === "radio" ? "plan" : plan.id}
            checked={props.isChosen(plan)}
            onChange={() => props.choose(plan)}
          />
          <span>
            <span class="visually-hidden">{textOf(name)}: </span>
            {plans.length > 1 && !emptyText(plan.name) && `${textOf(plan.name)}: `}
            {costOf(plan)}
          </span>
        </label>
      ))}
    </div>
  );
}

function Voucher({ changed }: { changed: () => Promise<void> }) {
  const action = useAction();
  const { packages: text } = words;
  const submit = async (fields: FormData) => {
    await ask("/api/v1/me/vouchers", { method: "POST", json: { code: textIn(fields, "code").trim() } });
    await changed();
  };
  return (
    <Card title={text.voucher}>
      <p>{text.voucherText}</p>
      <Form action={action} submit={text.redeem} onSubmit={submit} class="form--inline">
        <Field label={text.voucherCode} name="code" maxLength={60} />
        {action.isDone && <Done>{text.redeemed}</Done>}
      </Form>
    </Card>
  );
}
