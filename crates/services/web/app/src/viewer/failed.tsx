// What is said when nothing plays, and what the viewer can do about it.

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../shared/api";
import { house } from "../shared/house";
import type { Devices, Running } from "../shared/household";
import { ask } from "../shared/session/session";
import { current, tuner } from "./control";
import { packageNames } from "./household";
import { icons } from "./icons";
import { channels } from "./lineup";
import type { Failure, FailureKind } from "./player/failure";
import type { Phase } from "./player/tuner";
import { words } from "./words";
import { byId } from "./zapping";

const LOCKS: ReadonlySet<FailureKind> = new Set(["log_in", "not_in_package", "age", "abroad", "licence"]);

export function Failed({ phase }: { phase: Extract<Phase, { kind: "failed" }> }) {
  const { failure, final } = phase;
  const { title, text } = words.failures[failure.kind];
  return (
    <section class="failed" role="alert" data-testid="error" data-kind={failure.kind}>
      <span class="failed__icon">{LOCKS.has(failure.kind) ? icons.lock : icons.noSignal}</span>
      <h2>{title}</h2>
      <p>{text}</p>
      {failure.detail && <p class="failed__detail">{failure.detail}</p>}
      <WayOut failure={failure} />
      {!final && (
        <>
          <button type="button" class="button" onClick={() => tuner.retry()}>
            {words.tryNow}
          </button>
          <p class="failed__note">
            <span class="ring ring--small" /> {words.retrying}
          </p>
        </>
      )}
    </section>
  );
}

const backTo = () => `to=${encodeURIComponent(location.pathname)}`;

function WayOut({ failure }: { failure: Failure }) {
  switch (failure.kind) {
    case "log_in":
      return (
        <p class="failed__ways">
          <a class="button" href={`/login?${backTo()}`}>
            {words.logIn}
          </a>
          {house.value?.sign_up && (
            <a class="button button--quiet" href={`/sign-up?${backTo()}`}>
              {words.signUp}
            </a>
          )}
        </p>
      );
    case "not_in_package": {
      const names = packageNames(failure.packages ?? []);
      if (names === null) return null;
      return (
        <>
          <p class="failed__packages">{words.inPackages(names)}</p>
          <a class="button" href={`/account/packages?for=${encodeURIComponent(current.value?.id ?? "")}`}>
            {words.seePackages}
          </a>
        </>
      );
    }
    case "too_many_streams":
      return <Others sessions={failure.sessions ?? []} />;
    case "ended":
      return (
        <button type="button" class="button" onClick={() => tuner.retry()}>
          {words.playHere}
        </button>
      );
    case "age":
      return (
        <a class="button" href={`/profiles?${backTo()}`}>
          {words.otherProfile}
        </a>
      );
    default:
      return null;
  }
}

// What the household watches elsewhere: each can be ended so that this one can begin.
function Others({ sessions }: { sessions: readonly Running[] }) {
  const names = useDeviceNames();
  return (
    <ul class="others">
      {sessions.map(({ session, channel, device }) => {
        const what = byId(channels.value ?? [], channel)?.name ?? channel;
        const where = names.get(device ?? "");
        return (
          <li key={session}>
            <span>
              <strong>{what}</strong>
              {where !== undefined && <small>{where}</small>}
            </span>
            <button
              type="button"
              class="button button--small"
              aria-label={words.playHereInstead(where === undefined ? what : `${what}, ${where}`)}
              data-testid={`take-over-${session}`}
              onClick={() => tuner.takeOver(session)}
            >
              {words.playHere}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

// Devices' names help to choose, but the choice is there without them.
function useDeviceNames(): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    ask<Devices>("/api/v1/me/devices").then(
      ({ devices }) => setNames(new Map(devices.map(({ id, name }) => [id, name]))),
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      },
    );
  }, []);
  return names;
}
