// Why a household may do something, or not: which row decided, and what was looked at.
import { useState } from "preact/hooks";
import { ACTIONS, type Explanation } from "../../shared/operators";
import { useAsked } from "../asked";
import { instant } from "../format";
import { fleet } from "../live";
import { Lamp, Problem } from "../parts";

interface Question {
  channel: string;
  action: string;
  child: boolean;
  abroad: boolean;
}

// The address to ask at; null as long as there is no channel to ask about.
export function explainPath(household: string, { channel, action, child, abroad }: Question): string | null {
  if (channel === "") return null;
  const query = new URLSearchParams({ channel, action });
  if (child) query.set("child", "true");
  if (abroad) query.set("abroad", "true");
  return `/admin/v1/rights/${encodeURIComponent(household)}/explain?${query}`;
}

export function Explain({ household }: { household: string }) {
  const [question, setQuestion] = useState<Question>({
    channel: "",
    action: "live",
    child: false,
    abroad: false,
  });
  const set = (change: Partial<Question>) => setQuestion((old) => ({ ...old, ...change }));
  const answer = useAsked<Explanation>(explainPath(household, question));
  const channels = fleet.channels.value.value?.channels ?? [];
  return (
    <section>
      <h3>May it …?</h3>
      <div class="question">
        <select
          aria-label="Action"
          value={question.action}
          onChange={(event) => set({ action: event.currentTarget.value })}
        >
          {ACTIONS.map((action) => (
            <option key={action} value={action}>
              {action.replace("_", " ")}
            </option>
          ))}
        </select>
        <select
          aria-label="Channel"
          value={question.channel}
          onChange={(event) => set({ channel: event.currentTarget.value })}
        >
          <option value="">channel …</option>
          {channels.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <label class="switch">
          <input
            type="checkbox"
            checked={question.child}
            onChange={(event) => set({ child: event.currentTarget.checked })}
          />
          a child’s profile
        </label>
        <label class="switch">
          <input
            type="checkbox"
            checked={question.abroad}
            onChange={(event) => set({ abroad: event.currentTarget.checked })}
          />
          abroad
        </label>
      </div>
      {answer.problem !== null && <Problem>{answer.problem}</Problem>}
      {answer.value !== null && <Answer explanation={answer.value} />}
    </section>
  );
}

function Answer({ explanation: { decision, steps } }: { explanation: Explanation }) {
  const { allowed, because, packages = [], until, hd, pin_needed, limits } = decision;
  const more = [
    allowed && hd && "in HD",
    pin_needed && "after the PIN",
    until !== null && `known until ${instant(until)}`,
    allowed && `${limits.streams} at once`,
    limits.group && `${limits.group.streams} at once of ${limits.group.group}`,
    packages.length > 0 && `would be allowed by ${packages.join(", ")}`,
  ].filter((fact) => typeof fact === "string");
  return (
    <div class="answer" data-testid="explanation" data-allowed={allowed}>
      <p class="line">
        <Lamp tone={allowed ? "good" : "bad"}>{allowed ? "yes" : "no"}</Lamp>
        <strong>{because}</strong>
      </p>
      {more.length > 0 && <p class="quiet">{more.join(" · ")}</p>}
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
  );
}
