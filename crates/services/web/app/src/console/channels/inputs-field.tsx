// A channel's inputs, in order of preference.
import { type Draft, moved } from "./draft";

type Inputs = Draft["inputs"];

export function InputsField({ inputs, onChange }: { inputs: Inputs; onChange: (inputs: Inputs) => void }) {
  const set = (i: number, change: Partial<Inputs[number]>) =>
    onChange(inputs.map((input, at) => (at === i ? { ...input, ...change } : input)));
  return (
    <fieldset>
      <legend>
        Inputs, the preferred one first <small>the next one takes over when it fails</small>
      </legend>
      {inputs.map((input, i) => (
        <div class="input-row" key={i}>
          <span class="rank">{i + 1}</span>
          <input
            class="grow"
            aria-label={`Address of input ${i + 1}`}
            value={input.url}
            placeholder="udp://239.1.1.1:5000, srt://host:port, http://…"
            required={i === 0}
            onInput={(event) => set(i, { url: event.currentTarget.value })}
          />
          <input
            class="narrow"
            aria-label={`Programme number of input ${i + 1}`}
            value={input.programme}
            inputMode="numeric"
            pattern="[0-9]{1,5}"
            placeholder="programme"
            title="Which programme of a multi-programme stream; the first one where empty"
            onInput={(event) => set(i, { programme: event.currentTarget.value })}
          />
          <Tool label="Prefer" isOff={i === 0} onClick={() => onChange(moved(inputs, i, -1))}>
            ↑
          </Tool>
          <Tool label="Defer" isOff={i === inputs.length - 1} onClick={() => onChange(moved(inputs, i, 1))}>
            ↓
          </Tool>
          <Tool
            label="Remove"
            isOff={inputs.length === 1}
            onClick={() => onChange(inputs.filter((_, at) => at !== i))}
          >
            ✕
          </Tool>
        </div>
      ))}
      <button type="button" class="action" onClick={() => onChange([...inputs, { url: "", programme: "" }])}>
        Add another input
      </button>
    </fieldset>
  );
}

function Tool(props: { label: string; isOff: boolean; onClick: () => void; children: string }) {
  return (
    <button
      type="button"
      class="tool"
      title={props.label}
      aria-label={props.label}
      disabled={props.isOff}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
