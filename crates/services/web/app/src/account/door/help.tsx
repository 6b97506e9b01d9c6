// Where the mail to an old address leads: what to do about a change that one did not make oneself.
import { Door } from "../parts";
import { words } from "../words";

export function Help() {
  return (
    <Door title={words.help.title}>
      <p>{words.help.text}</p>
      <div class="form__foot">
        <a class="button button--main" href="/account">
          {words.nav.account}
        </a>
        <a class="button button--plain" href="/reset">
          {words.logIn.forgotten}
        </a>
      </div>
    </Door>
  );
}
