// What can be had, what the household has, and what a choice would change.
import type { Package, Plan, Subscription, Text } from "../../shared/household";

// What is chosen on the page: the plan of the base package, and those of the options.
export interface Choice {
  plan: string | null;
  options: ReadonlySet<string>;
}

// Subscriptions that go on: one that ends at a date is not chosen any more.
function goesOn({ state }: Subscription): boolean {
  return state === "trial" || state === "active" || state === "paused";
}

// A plan with the package that it is for.
export interface Item {
  package: Package;
  plan: Plan;
}

export function itemOf(packages: readonly Package[], plan: string): Item | undefined {
  for (const each of packages) {
    const found = each.plans.find(({ id }) => id === plan);
    if (found) return { package: each, plan: found };
  }
  return undefined;
}

export function packageOf(packages: readonly Package[], id: string): Package | undefined {
  return packages.find((each) => each.id === id);
}

// What is chosen as long as nobody chooses otherwise. What was given away has no plan, and stays as it is.
export function choiceOf(packages: readonly Package[], subscriptions: readonly Subscription[]): Choice {
  const plans = subscriptions.filter(goesOn).flatMap(({ plan, package: id }) => {
    const kind = packageOf(packages, id)?.kind;
    return plan && kind ? [{ plan, kind }] : [];
  });
  return {
    plan: plans.find(({ kind }) => kind === "base")?.plan ?? null,
    options: new Set(plans.filter(({ kind }) => kind === "option").map(({ plan }) => plan)),
  };
}

export interface Difference {
  begins: Item[];
  ends: Item[];
}

export function differenceOf(packages: readonly Package[], from: Choice, to: Choice): Difference {
  const all = ({ plan, options }: Choice) => new Set([...(plan === null ? [] : [plan]), ...options]);
  const [before, after] = [all(from), all(to)];
  const known = (ids: Iterable<string>) =>
    [...ids].map((id) => itemOf(packages, id)).filter((item) => item !== undefined);
  return {
    begins: known([...after].filter((id) => !before.has(id))),
    ends: known([...before].filter((id) => !after.has(id))),
  };
}

// `9,99 €` or `€9.99`, as the reader writes it; `free` in words.
export function priceOf(plan: Plan, locale: string, free: string): string {
  if (plan.cents === 0) return free;
  const format = new Intl.NumberFormat(locale, { style: "currency", currency: plan.currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(plan.cents / 10 ** digits);
}

export const emptyText = (text: Text | undefined): boolean => !text || (text.de === "" && text.en === "");
