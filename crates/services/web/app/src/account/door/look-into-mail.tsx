// A link has been sent. Whether there is an account is not said: whoever reads the mail learns it there.
import { Door } from "../parts";
import { words } from "../words";

export function LookIntoMail({ address, again }: { address: string; again: () => void }) {
  const { lookIntoMail } = words;
  return (
    <Door title={lookIntoMail.title}>
      <p role="status" data-testid="look-into-mail">
        {lookIntoMail.text(address)}
      </p>
      <p class="quiet">{lookIntoMail.notThere}</p>
      <div class="form__foot">
        <button type="button" class="button button--plain" onClick={again}>
          {lookIntoMail.again}
        </button>
      </div>
    </Door>
  );
}
