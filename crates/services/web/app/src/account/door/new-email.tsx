// Another address holds as soon as the link that was sent there is followed.
import { Done, Door, Problem, Spinner } from "../parts";
import { words } from "../words";
import { useTokenLink } from "./token-link";

export function NewEmail() {
  const state = useTokenLink("/api/v1/accounts/email");
  return (
    <Door title={words.newEmail.title}>
      {state.kind === "working" && (
        <>
          <p>{words.newEmail.working}</p>
          <Spinner />
        </>
      )}
      {state.kind === "done" && <Done>{words.newEmail.done}</Done>}
      {state.kind === "failed" && <Problem>{state.problem}</Problem>}
      {state.kind !== "working" && (
        <div class="form__foot">
          <a class="button button--main" href="/account">
            {words.nav.account}
          </a>
        </div>
      )}
    </Door>
  );
}
