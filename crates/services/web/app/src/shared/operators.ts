// What operators see of households: the JSON of accounts', rights' and notify's admin routes.
import type { Device, Me, PackageKind, Plan, Profile, Text } from "./household";

export interface Household extends Me {
  profiles?: Profile[];
  devices?: Device[];
  networks?: { network: string; seen_at: string }[];
}

export interface Households {
  households: Household[];
  // The next part; none at the end.
  next: string | null;
}

export const ACTIONS = [
  "live",
  "pause",
  "restart",
  "catch_up",
  "record",
  "fast_forward",
  "hd",
  "cast",
  "abroad",
] as const;

export interface Give {
  every_channel?: boolean;
  channels?: string[];
  groups?: string[];
  actions: string[];
  from?: string;
  until?: string;
  hours?: { from: string; until: string };
}

export interface OfferPackage {
  id: string;
  name: Text;
  description: Text;
  kind: PackageKind;
  order: number;
  on_sale: boolean;
  streams: number;
  gives: Give[];
}

export interface Licence {
  id: string;
  channels?: string[];
  groups?: string[];
  broadcaster?: string;
  actions: string[];
  from?: string;
  until?: string;
  catch_up_hours?: number;
  age: number;
}

export interface Offer {
  packages: OfferPackage[];
  channel_groups: { id: string; name: Text; channels: string[] }[];
  broadcasters: { id: string; name: string; streams?: number }[];
  licences: Licence[];
  plans: (Plan & { package: string; on_sale: boolean })[];
}

// What a new offer changes, or would: ids with their kind, `package plus`.
export interface OfferReport {
  version: number;
  added: string[];
  changed: string[];
  removed: string[];
  warnings: string[];
}

export interface Explanation {
  decision: {
    allowed: boolean;
    because: string;
    packages?: string[];
    until: string | null;
    hd?: boolean;
    pin_needed?: boolean;
    limits: { streams: number; group: { group: string; streams: number } | null };
  };
  steps: string[];
}

export interface MailEntry {
  id: string;
  state: "waiting" | "sent" | "dead";
  to: string;
  template: string;
  language: string;
  accepted_at: string;
  attempts: number;
  next_attempt_at?: string;
  reason?: string;
}

export interface MailList {
  mails: MailEntry[];
  next?: string;
}

export interface MailDetails {
  mail: MailEntry;
  // Where there is no mail server: what would have been sent.
  caught?: { from: string; subject: string; text: string; link?: string };
}
