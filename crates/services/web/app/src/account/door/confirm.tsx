// The address is confirmed by whoever follows the link in the first mail.
import { Done, Door, Problem, Spinner } from "../parts";
import { words } from "../words";
import { useTokenLink } from "./token-link";

export function Confirm() {
  const state = useTokenLink("/api/v1/accounts/confirm");
  const { confirm } = words;
  switch (state.kind) {
    case "working":
      return (
        <Door title={confirm.title}>
          <p>{confirm.working}</p>
          <Spinner />
        </Door>
      );
    case "done":
      return (
        <Door title={confirm.done}>
          <Done>{confirm.doneText}</Done>
          <div class="form__foot">
            <a class="button button--main" href="/login">
              {words.logIn.title}
            </a>
          </div>
        </Door>
      );
    case "failed":
      return (
        <Door title={confirm.failed}>
          <Problem>{state.problem}</Problem>
          <div class="form__foot">
            <a class="button button--plain" href="/sign-up">
              {words.signUp.title}
            </a>
            <a class="button button--plain" href="/login">
              {words.logIn.title}
            </a>
          </div>
        </Door>
      );
  }
}
