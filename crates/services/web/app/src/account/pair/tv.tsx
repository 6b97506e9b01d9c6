// The television's side of pairing: a code to type, a picture for the phone's camera, and then it is logged in.
import { useEffect, useState } from "preact/hooks";
import { ApiError, call } from "../../shared/api";
import type { DeviceAuthorization, Tokens } from "../../shared/household";
import { deviceName } from "../../shared/session/device";
import { keep } from "../../shared/session/session";
import { Door, Problem, problemOf, Spinner } from "../parts";
import { go, query } from "../route";
import { words } from "../words";
import { GRANT, type Outcome, poll, spaced } from "./poll";
import { Qr } from "./qr";

const CLIENT = "funkturm-web";
// A television that nobody can do anything at goes on by itself.
const AGAIN_MS = 5_000;

type State =
  | { kind: "beginning" }
  | { kind: "waiting"; pairing: DeviceAuthorization }
  | { kind: "over"; outcome: Outcome }
  | { kind: "failed"; problem: string }
  | { kind: "done" };

async function begin(): Promise<DeviceAuthorization> {
  const form = { client_id: CLIENT, device_name: tvName(), device_kind: "tv" };
  return call<DeviceAuthorization>("/api/v1/device_authorization", { method: "POST", form });
}

const tvName = () => `${words.tv.name} (${deviceName(navigator.userAgent)})`;

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Runs the whole of it, code after code, until the television is logged in or the page is left.
async function run(show: (state: State) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      show({ kind: "beginning" });
      const pairing = await begin();
      if (signal.aborted) return;
      show({ kind: "waiting", pairing });
      const ask = (device_code: string) => {
        const form = { grant_type: GRANT, device_code, client_id: CLIENT };
        return call<Tokens>("/api/v1/tokens", { method: "POST", form });
      };
      const outcome = await poll(pairing, { ask, now: Date.now, signal, wait: (ms) => wait(ms, signal) });
      if (signal.aborted) return;
      if (typeof outcome === "object") {
        keep(outcome);
        show({ kind: "done" });
        go("/", true);
        return;
      }
      show({ kind: "over", outcome });
      // Somebody said no: then a new code is asked for by hand.
      if (outcome === "denied") return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      show({ kind: "failed", problem: problemOf(error) });
    }
    await wait(AGAIN_MS, signal);
  }
}

// With a code in it, the address is for the phone.
export function Tv() {
  const code = query("code");
  useEffect(() => {
    if (code !== null) go(`/pair?code=${encodeURIComponent(code)}`, true);
  }, [code]);
  return code === null ? <Screen /> : null;
}

function Screen() {
  const [state, setState] = useState<State>({ kind: "beginning" });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round begins anew
  useEffect(() => {
    const leaving = new AbortController();
    void run((next) => leaving.signal.aborted || setState(next), leaving.signal);
    return () => leaving.abort();
  }, [round]);
  const { tv } = words;
  return (
    <Door title={tv.title} wide>
      {state.kind === "beginning" && <Spinner />}
      {state.kind === "waiting" && <Code pairing={state.pairing} />}
      {state.kind === "failed" && <Problem>{state.problem}</Problem>}
      {state.kind === "done" && <p role="status">{tv.done}</p>}
      {state.kind === "over" && state.outcome !== "stopped" && (
        <>
          <p role="status">{tv[state.outcome]}</p>
          <div class="form__foot">
            <button type="button" class="button button--main" onClick={() => setRound(round + 1)}>
              {tv.again}
            </button>
          </div>
        </>
      )}
      <p class="door__else">
        {tv.onPhone} <a href="/pair">{tv.enterCode}</a>
      </p>
    </Door>
  );
}

function Code({ pairing }: { pairing: DeviceAuthorization }) {
  const { tv } = words;
  const address = pairing.verification_uri.replace(/^https?:\/\//, "");
  return (
    <div class="pairing">
      <div class="pairing__text">
        <p>{tv.text}</p>
        <p class="pairing__address" data-testid="pair-address">
          {address}
        </p>
        <p>{tv.enter}</p>
        <p class="pairing__code" data-testid="user-code">
          {spaced(pairing.user_code)}
        </p>
        <p class="spinner" role="status">
          <span class="ring" /> {tv.waiting}
        </p>
      </div>
      <Qr text={pairing.verification_uri_complete ?? pairing.verification_uri} label={tv.qr} />
    </div>
  );
}
