// "Who is watching?": a profile is chosen for this device. Leaving a child's takes the PIN.
import { useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import type { Profile, Tokens } from "../../shared/household";
import { hueOf, monogram } from "../../shared/monogram";
import { ask, keep, who } from "../../shared/session/session";
import { useLoaded } from "../load";
import { Door, Field, Form, Problem, Spinner, textIn, useAction } from "../parts";
import { go, query, wayBack } from "../route";
import { words } from "../words";
import { Cancel } from "./account";
import { PIN_PATTERN } from "./pin";

export const PROFILES = "/api/v1/me/profiles";

// Chooses it; the answer is a new access token with the profile in it.
export async function chooseProfile(id: string, pin?: string): Promise<void> {
  const json = pin === undefined ? {} : { pin };
  const tokens = await ask<Tokens>(`${PROFILES}/${encodeURIComponent(id)}/choose`, { method: "POST", json });
  keep(tokens);
}

export function Face({ profile }: { profile: Profile }) {
  return (
    <span class="face" style={{ "--hue": String(hueOf(profile.id)) }} aria-hidden="true">
      {monogram(profile.name)}
    </span>
  );
}

export function Chooser() {
  const list = useLoaded<Profile[]>(PROFILES);
  const action = useAction(words.problems.wrongPin);
  // The profile that the PIN is asked for.
  const [wanted, setWanted] = useState<Profile | null>(null);
  const to = wayBack(query("to"), "/");
  const take = async (profile: Profile, pin?: string) => {
    if (profile.id === who.value?.profile) return go(to);
    try {
      await chooseProfile(profile.id, pin);
    } catch (error) {
      if (pin !== undefined || !(error instanceof ApiError) || error.kind !== "denied") throw error;
      setWanted(profile);
      return;
    }
    go(to);
  };
  if (wanted !== null) {
    return (
      <Door title={wanted.name}>
        <Form
          action={action}
          submit={words.profiles.choose}
          onSubmit={(fields) => take(wanted, textIn(fields, "pin"))}
          more={<Cancel onClick={() => setWanted(null)} />}
        >
          <PinField label={words.profiles.enterPin} focus />
        </Form>
      </Door>
    );
  }
  return (
    <Door title={words.profiles.who} wide>
      <Problem>{list.problem ?? action.problem}</Problem>
      {list.value === null && list.problem === null && <Spinner />}
      <div class="faces">
        {list.value?.map((profile) => (
          <button
            type="button"
            key={profile.id}
            class="faces__one"
            aria-pressed={profile.id === who.value?.profile}
            disabled={action.isBusy}
            onClick={() => void action.run(() => take(profile))}
          >
            <Face profile={profile} />
            <span>{profile.name}</span>
            {profile.child && <small>{words.profiles.child}</small>}
          </button>
        ))}
      </div>
      <p class="door__else">
        <a href="/account/profiles">{words.profiles.manage}</a>
      </p>
    </Door>
  );
}

export function PinField({ label, focus }: { label: string; focus?: boolean }) {
  return (
    <Field
      label={label}
      name="pin"
      inputMode="numeric"
      pattern={PIN_PATTERN}
      maxLength={8}
      class="field--pin"
      focus={focus ?? false}
    />
  );
}
