// What a page shows is asked for when it opens, and again after every change.
import { useEffect, useState } from "preact/hooks";
import { ask } from "../shared/session/session";
import { problemOf } from "./parts";

export interface Loaded<T> {
  // null: not there yet.
  value: T | null;
  problem: string | null;
  again: () => Promise<void>;
}

// `everyMs`: asked for again and again while it is shown.
export function useLoaded<T>(path: string, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; problem: string | null }>({
    value: null,
    problem: null,
  });
  const again = async () => {
    try {
      const value = await ask<T>(path);
      setState({ value, problem: null });
    } catch (error) {
      const problem = problemOf(error);
      setState((old) => ({ ...old, problem }));
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for this path
  useEffect(() => {
    void again();
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.hidden || void again(), everyMs);
    return () => clearInterval(timer);
  }, [path, everyMs]);
  return { ...state, again };
}
