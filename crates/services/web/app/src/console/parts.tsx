// The small pieces that every page of the console is made of.
import type { ComponentChildren } from "preact";
import { duration } from "./format";
import type { Source } from "./live";
import { now, STALE_MS } from "./live";
import type { Tone } from "./picture";

// A state, told by colour, by shape and by word.
export function Lamp({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`lamp lamp--${tone}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {tone === "good" && <circle cx="6" cy="6" r="4.5" />}
        {tone === "warn" && <path d="M6 1 11.3 10.6H.7z" />}
        {tone === "bad" && <path d="M1.6 1.600h8.800v8.800H1.600z" />}
        {tone === "off" && (
          <circle cx="6" cy="6" r="3.8" fill="none" stroke="currentColor" stroke-width="1.4" />
        )}
      </svg>
      <span>{children}</span>
    </span>
  );
}

const WIDE = 120;
const HIGH = 30;

// The last minutes of a figure. It always begins at zero, so that half as high is half as much.
export function Sparkline(props: { values: readonly number[]; label: string; tone?: Tone }) {
  const { values } = props;
  if (values.length < 2) return <svg class="spark" viewBox={`0 0 ${WIDE} ${HIGH}`} aria-hidden="true" />;
  const most = Math.max(...values, 1) * 1.15;
  const step = WIDE / (values.length - 1);
  const line = values
    .map((value, i) => `${(i * step).toFixed(1)} ${(HIGH - (value / most) * HIGH).toFixed(1)}`)
    .join("L");
  return (
    <svg
      class={`spark spark--${props.tone ?? "good"}`}
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={props.label}
    >
      <path class="spark__area" d={`M0 ${HIGH}L${line}L${WIDE} ${HIGH}Z`} />
      <path class="spark__line" d={`M${line}`} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

// How much of something is used.
export function Bar(props: { share: number; label: string; tone?: Tone }) {
  const share = Math.min(Math.max(props.share, 0), 1);
  const tone = props.tone ?? (share > 0.95 ? "bad" : share > 0.8 ? "warn" : "good");
  return (
    <span class={`bar bar--${tone}`} role="img" aria-label={`${props.label}: ${Math.round(share * 100)} %`}>
      <span style={{ width: `${share * 100}%` }} />
    </span>
  );
}

export function Chips({ of: texts }: { of: readonly string[] }) {
  return (
    <span class="chips">
      {texts.map((text) => (
        <span key={text}>{text}</span>
      ))}
    </span>
  );
}

export function Problem({ children }: { children: ComponentChildren }) {
  return <p class="problem">{children}</p>;
}

// Shows `children` once there is an answer, greyed and with its age while it is an old one.
export function Fresh<T>(props: { source: Source<T>; children: (value: T) => ComponentChildren }) {
  const { value, at, problem } = props.source;
  if (value.value === null) {
    return problem.value === null ? (
      <p class="empty">One moment …</p>
    ) : (
      <Problem>No answer yet: {problem.value}</Problem>
    );
  }
  const age = now.value - at.value;
  const isStale = age > STALE_MS;
  return (
    <div class={isStale ? "stale" : undefined}>
      {isStale && (
        <p class="stale__note" role="status">
          As of {duration(age / 1000)} ago{problem.value !== null && `: ${problem.value}`}
        </p>
      )}
      {props.children(value.value)}
    </div>
  );
}

export function Silent(props: { host: string; problem: string }) {
  return (
    <section class="card card--silent">
      <h2>
        {props.host} <Lamp tone="bad">does not answer</Lamp>
      </h2>
      <p class="quiet">{props.problem}</p>
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
