// What is said when nothing plays, and what the viewer can do about it.

import { tuner } from "./control";
import { icons } from "./icons";
import type { Phase } from "./player/tuner";
import { words } from "./words";

export function Failed({ phase }: { phase: Extract<Phase, { kind: "failed" }> }) {
  const { failure, final } = phase;
  const { title, text } = words.failures[failure.kind];
  return (
    <section class="failed" role="alert" data-testid="error" data-kind={failure.kind}>
      <span class="failed__icon">{icons.noSignal}</span>
      <h2>{title}</h2>
      <p>{text}</p>
      {failure.detail && <p class="failed__detail">{failure.detail}</p>}
      {!final && (
        <>
          <button type="button" class="button" onClick={() => tuner.retry()}>
            {words.tryNow}
          </button>
          <p class="failed__note">
            <span class="ring ring--small" /> {words.retrying}
          </p>
        </>
      )}
    </section>
  );
}
