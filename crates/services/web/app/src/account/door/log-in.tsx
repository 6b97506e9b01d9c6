// Logging in: by address and password, or at the operator's own identity provider.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../shared/api";
import { house } from "../../shared/house";
import type { Device } from "../../shared/household";
import { logIn, who } from "../../shared/session/session";
import {
  type Action,
  Done,
  Door,
  Field,
  Form,
  PasswordField,
  Problem,
  Spinner,
  textIn,
  useAction,
} from "../parts";
import { go, query, takeSecret, wayBack } from "../route";
import { timeOf, words } from "../words";

const OPENID_GRANT = "urn:funkturm:params:oauth:grant-type:openid";
// Where somebody wanted to go before the provider's pages took over.
const TO_KEY = "funkturm.to";

export function LogIn() {
  // What the provider sent this browser back with.
  const [code] = useState(() => takeSecret("openid_code"));
  const [refusal] = useState(() => takeSecret("openid_error"));
  const [isDeleted] = useState(() => query("deleted") !== null);
  const action = useAction();
  const [to] = useState(() =>
    wayBack(query("to") ?? (code === null ? null : sessionStorage.getItem(TO_KEY)), "/"),
  );
  const isIn = who.value !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a code is good for one try
  useEffect(() => {
    if (code !== null) void action.run(() => logIn({ grant_type: OPENID_GRANT, code }));
  }, [code]);
  useEffect(() => {
    if (!isIn) return;
    sessionStorage.removeItem(TO_KEY);
    go(to, true);
  }, [isIn, to]);
  // As many devices are logged in as may be: one has to go, and then the same grant is used once more.
  const [full, setFull] = useState<{ grant: Record<string, string>; devices: Device[] } | null>(null);
  const enter = async (grant: Record<string, string>) => {
    try {
      await logIn(grant);
    } catch (error) {
      if (!(error instanceof ApiError) || error.type !== "device_limit") throw error;
      const { devices } = error.problem;
      setFull({ grant, devices: Array.isArray(devices) ? devices : [] });
    }
  };
  const submit = (fields: FormData) =>
    enter({
      grant_type: "password",
      username: textIn(fields, "email").trim(),
      password: textIn(fields, "password"),
    });
  if (isIn || (code !== null && action.isBusy)) {
    return (
      <Door title={words.logIn.title}>
        <Spinner />
      </Door>
    );
  }
  if (full !== null) {
    const replace = (device: Device) =>
      void action.run(() => enter({ ...full.grant, replace_device: device.id }));
    return <Full devices={full.devices} action={action} replace={replace} />;
  }
  return (
    <Door title={words.logIn.title}>
      {isDeleted && (
        <Done>
          <strong>{words.account.deleted}</strong> {words.account.deletedText}
        </Done>
      )}
      <Problem>{refusal === null ? null : openidProblem(refusal)}</Problem>
      <Form action={action} submit={words.logIn.submit} onSubmit={submit}>
        <Field label={words.email} name="email" type="email" autocomplete="username" />
        <PasswordField label={words.password} name="password" autocomplete="current-password" />
        <p class="form__aside">
          <a href="/reset">{words.logIn.forgotten}</a>
        </p>
      </Form>
      {house.value?.openid && (
        <>
          <p class="or">
            <span>{words.logIn.or}</span>
          </p>
          <a
            class="button button--plain button--wide"
            href="/api/v1/login/openid"
            data-load
            onClick={() => sessionStorage.setItem(TO_KEY, to)}
          >
            {words.logIn.openid}
          </a>
        </>
      )}
      {house.value?.sign_up !== false && (
        <p class="door__else">
          {words.logIn.none} <a href={`/sign-up${location.search}`}>{words.signUp.title}</a>
        </p>
      )}
    </Door>
  );
}

// Why the provider's answer did not let anybody in.
function openidProblem(why: string): string {
  const { openidProblems } = words.logIn;
  return Object.hasOwn(openidProblems, why)
    ? openidProblems[why as keyof typeof openidProblems]
    : openidProblems.unavailable;
}

function Full(props: { devices: readonly Device[]; action: Action; replace: (device: Device) => void }) {
  const { logIn: text } = words;
  return (
    <Door title={text.replaceTitle}>
      <p>{text.replaceText}</p>
      <ul class="rows">
        {props.devices.map((device) => (
          <li class="rows__row" key={device.id}>
            <span class="rows__text">
              <strong>{device.name}</strong>
              <small>{words.devices.lastSeen(timeOf(device.seen_at))}</small>
            </span>
            <button
              type="button"
              class="button button--plain"
              disabled={props.action.isBusy}
              onClick={() => props.replace(device)}
            >
              {text.replace}
            </button>
          </li>
        ))}
      </ul>
      <Problem>{props.action.problem}</Problem>
    </Door>
  );
}
