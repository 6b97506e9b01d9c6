// The door of the console.
import { Tower } from "../shared/tower";
import { refusal, signIn } from "./operator";

export function SignIn() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("token");
    if (typeof given === "string" && given.trim() !== "") signIn(given.trim());
  };
  return (
    <main class="door">
      <form onSubmit={submit}>
        <Tower />
        <h1>Funkturm console</h1>
        <p>
          Sign in with this installation’s operator token. <code>funkturm up</code> prints a link that does it
          for you; in a fleet it is the file named by <code>auth.operator_token_file</code>.
        </p>
        <label>
          Operator token
          <input type="password" name="token" autocomplete="current-password" required autofocus />
        </label>
        {refusal.value !== null && (
          <p class="problem" role="alert">
            {refusal.value}
          </p>
        )}
        <button type="submit" class="action action--main">
          Sign in
        </button>
      </form>
    </main>
  );
}
