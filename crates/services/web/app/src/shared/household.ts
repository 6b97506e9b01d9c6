// What the services for households send and take: the JSON of accounts, rights and playback.

// The answer of POST /api/v1/tokens.
export interface Tokens {
  access_token: string;
  token_type: string;
  // Seconds.
  expires_in: number;
  // Not with another profile: then the one that there is stays.
  refresh_token?: string;
  household: string;
  profile: string;
  // It is a child's profile.
  child: boolean;
  device: string;
  // Only for a device that is new: what it shows to be known again.
  device_secret?: string;
}

// GET /api/v1/house: what kind of house this is.
export interface House {
  // Everybody may watch everything, without an account.
  open: boolean;
  // Accounts can be made here.
  sign_up: boolean;
  // The operator's own identity provider logs households in.
  openid: boolean;
}

export interface Consents {
  terms: boolean;
  marketing: boolean;
  personalised_ads: boolean;
}

export interface ConsentsGiven extends Omit<Consents, "terms"> {
  terms_accepted_at: string;
  changed_at: string;
}

export interface Me {
  id: string;
  email: string;
  language: string;
  country: string;
  consents: ConsentsGiven;
  // Not so where only the identity provider lets the household in.
  has_password: boolean;
  has_pin: boolean;
  created_at: string;
  // Since when the operator keeps it out.
  locked_at?: string | null;
}

export interface Device {
  id: string;
  name: string;
  // `tv`, `phone`, `tablet`, `computer`, `console` or `other`; `player` if it is a link for another player.
  kind: string;
  profile: string;
  created_at: string;
  seen_at: string;
}

export interface Devices {
  // The last one that was heard of first.
  devices: Device[];
  // As many can be logged in.
  limit: number;
}

// The answer of POST /api/v1/me/links: the only one that has the token.
export interface PlayerLink {
  device: Device;
  token: string;
  // Paths on this server.
  playlist: string;
  guide: string;
}

export interface Profile {
  id: string;
  name: string;
  // A child's: what is not for its age is not there.
  child: boolean;
}

// RFC 8628 3.2.
export interface DeviceAuthorization {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete?: string;
  expires_in: number;
  interval?: number;
}

// What asks to be let in.
export interface PairingRequest {
  device_name: string;
  device_kind: string;
  // It asks from the network that the one who looks is in.
  same_network: boolean;
}

export interface Text {
  de: string;
  en: string;
}

export type PackageKind = "base" | "option";

export interface Plan {
  id: string;
  name: Text;
  // The price of a period, in the currency's smallest unit.
  cents: number;
  currency: string;
  period: "day" | "week" | "month" | "year";
  trial_days: number;
}

// What is for sale: GET /api/v1/packages, in the order to show it in.
export interface Package {
  id: string;
  name: Text;
  description: Text;
  kind: PackageKind;
  // How many may watch at once; of an option, how many more.
  streams: number;
  plans: Plan[];
}

export type SubscriptionState = "trial" | "active" | "paused" | "ends_at" | "ended";

export interface Subscription {
  id: string;
  package: string;
  plan?: string | null;
  state: SubscriptionState;
  since: string;
  trial_ends?: string | null;
  ends_at?: string | null;
}

export interface Subscriptions {
  household: string;
  subscriptions: Subscription[];
  history: {
    subscription: string;
    package: string;
    at: string;
    who: string;
    to: SubscriptionState;
    why: string;
  }[];
}

// What a household may do, by channel; and the packages that would open a channel that it may not watch.
export interface Rights {
  channels: Record<string, string[]>;
  locked: Record<string, string[]>;
}

// A playback session of the household.
export interface Running {
  session: string;
  channel: string;
  device?: string | null;
  started_at: string;
}
