// The small pieces that the account's pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { who } from "../shared/session/session";
import { Wordmark } from "../shared/tower";
import { sentenceOf } from "./problem";
import { strengthOf } from "./strength";
import { words } from "./words";

// A heading that says where the reader is: in the tab's title, and to a screen reader as soon as it appears.
export function Heading({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Funkturm`;
    // Not on the first page, where the browser begins at the top by itself; nor out of a field that wants it.
    const { activeElement } = document;
    if (history.length > 1 && activeElement?.tagName !== "INPUT")
      heading.current?.focus({ preventScroll: true });
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

// A page with one thing to do, in the middle of the screen.
export function Door(props: { title: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <main class="door">
      <div class={props.wide ? "door__sheet door__sheet--wide" : "door__sheet"}>
        <a class="door__mark" href="/" aria-label={words.toTelevision}>
          <Wordmark />
        </a>
        <Heading>{props.title}</Heading>
        {props.children}
      </div>
    </main>
  );
}

export function Field(props: {
  label: string;
  name: string;
  type?: "text" | "email" | "search";
  value?: string;
  autocomplete?: string;
  hint?: string;
  required?: boolean;
  maxLength?: number;
  inputMode?: "numeric" | "email" | "text";
  pattern?: string;
  onInput?: (value: string) => void;
  class?: string;
  focus?: boolean;
}) {
  const hint = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (props.focus) input.current?.focus();
  }, [props.focus]);
  return (
    <label class={`field ${props.class ?? ""}`}>
      <span>{props.label}</span>
      <input
        ref={input}
        name={props.name}
        // Preact's types of inputs are told apart by what is written here.
        type={(props.type ?? "text") as "text"}
        value={props.value}
        autocomplete={props.autocomplete ?? "off"}
        required={props.required ?? true}
        maxLength={props.maxLength ?? 254}
        inputMode={props.inputMode}
        pattern={props.pattern}
        aria-describedby={props.hint === undefined ? undefined : hint}
        onInput={(event) => props.onInput?.(event.currentTarget.value)}
      />
      {props.hint !== undefined && <small id={hint}>{props.hint}</small>}
    </label>
  );
}

// A password, which can be looked at while it is typed; `strength` says how good a new one is, beside this address.
export function PasswordField(props: {
  label: string;
  name: string;
  autocomplete: "current-password" | "new-password";
  strength?: { email: string };
}) {
  const [isShown, setShown] = useState(false);
  const [password, setPassword] = useState("");
  const hint = useId();
  return (
    <div class="field">
      <label for={`${hint}-input`}>{props.label}</label>
      <span class="field__row">
        <input
          id={`${hint}-input`}
          name={props.name}
          type={(isShown ? "text" : "password") as "password"}
          value={password}
          autocomplete={props.autocomplete}
          autocapitalize="off"
          spellcheck={false}
          required
          maxLength={1000}
          aria-describedby={props.strength ? hint : undefined}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
        <button type="button" class="field__tool" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? words.hidePassword : words.showPassword}
        </button>
      </span>
      {props.strength && (
        <div id={hint}>
          {password !== "" && <Strength password={password} email={props.strength.email} />}
          <small>{words.strengthHint}</small>
        </div>
      )}
    </div>
  );
}

function Strength(props: { password: string; email: string }) {
  const strength = strengthOf(props.password, props.email);
  return (
    <p class={`strength strength--${strength}`} role="status">
      <span class="strength__bar" aria-hidden="true">
        <i />
      </span>
      <span>
        {words.strength.label}: {words.strength[strength]}
      </span>
    </p>
  );
}

export function Check(props: {
  name: string;
  checked?: boolean;
  required?: boolean;
  onChange?: (isChecked: boolean) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={props.name}
        checked={props.checked}
        required={props.required}
        onChange={(event) => props.onChange?.(event.currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  );
}

export function Problem({ children }: { children: string | null }) {
  return children === null ? null : (
    <p class="problem" role="alert">
      {children}
    </p>
  );
}

export function Done({ children }: { children: ComponentChildren }) {
  return (
    <p class="done" role="status">
      {children}
    </p>
  );
}

export function Spinner() {
  return (
    <p class="spinner" role="status">
      <span class="ring" /> {words.oneMoment}
    </p>
  );
}

// What went wrong, in the reader's words.
export function problemOf(error: unknown, denied?: string): string {
  return sentenceOf(error, words, { isChild: who.value?.child ?? false, denied });
}

export interface Action {
  isBusy: boolean;
  problem: string | null;
  isDone: boolean;
  // Does it, unless it is being done already; tells whether it went well.
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

// Something that takes a while and may fail; what went wrong stays until the next try.
// `denied`: what it means if it is refused.
export function useAction(denied?: string): Action {
  const [state, setState] = useState({ isBusy: false, isDone: false, problem: null as string | null });
  const isBusy = useRef(false);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (isBusy.current) return false;
    isBusy.current = true;
    setState({ isBusy: true, isDone: false, problem: null });
    try {
      await work();
      setState({ isBusy: false, isDone: true, problem: null });
      return true;
    } catch (error) {
      // A mistake of the page's own is thrown on, but leaves nothing locked.
      setState({ isBusy: false, isDone: false, problem: null });
      const problem = problemOf(error, denied);
      setState({ isBusy: false, isDone: false, problem });
      return false;
    } finally {
      isBusy.current = false;
    }
  };
  return { ...state, run };
}

// A form of fields whose values are texts; nothing leaves the page by itself.
export function Form(props: {
  action: Action;
  submit: string;
  tone?: "main" | "danger";
  onSubmit: (fields: FormData) => Promise<unknown>;
  class?: string;
  children: ComponentChildren;
  more?: ComponentChildren;
}) {
  const { action } = props;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    void action.run(() => props.onSubmit(fields));
  };
  return (
    <form class={`form ${props.class ?? ""}`} onSubmit={submit} method="post">
      {props.children}
      <Problem>{action.problem}</Problem>
      <div class="form__foot">
        <button type="submit" class={`button button--${props.tone ?? "main"}`} disabled={action.isBusy}>
          {props.submit}
        </button>
        {props.more}
      </div>
    </form>
  );
}

// The text in a field.
export function textIn(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
