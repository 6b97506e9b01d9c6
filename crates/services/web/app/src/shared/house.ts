// What kind of house this is: whether anybody has to log in at all.
import { computed, signal } from "@preact/signals";
import { ApiError, call } from "./api";
import type { House } from "./household";
import { who } from "./session/session";

// null: not known yet.
export const house = signal<House | null>(null);

// Accounts are spoken of: in an open house only to those who are logged in anyway.
export const hasAccounts = computed(() => who.value !== null || house.value?.open === false);
// Somebody who is not logged in can watch nothing.
export const isShut = computed(() => who.value === null && house.value?.open === false);

const AGAIN_MS = 5_000;

// Asks until it is answered.
export async function learnHouse(): Promise<void> {
  try {
    house.value = await call<House>("/api/v1/house");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A server before this question was asked: an open house.
    if (error.kind === "not_found") house.value = { open: true, sign_up: false, openid: false };
    else setTimeout(() => void learnHouse(), AGAIN_MS);
  }
}
