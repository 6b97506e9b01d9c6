// What a page of the console asks for when it opens or when what it asks for changes, unlike the fleet, which is
// followed all the time.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../shared/api";
import { ask } from "./operator";

export interface Asked<T> {
  // null: not there yet.
  value: T | null;
  problem: string | null;
  again: () => Promise<void>;
}

// An answer that comes after the question has changed is dropped. null: nothing to ask for.
export function useAsked<T>(path: string | null): Asked<T> {
  const [state, setState] = useState<{ value: T | null; problem: string | null }>({
    value: null,
    problem: null,
  });
  const latest = useRef(0);
  const again = async () => {
    const mine = ++latest.current;
    if (path === null) return;
    try {
      const value = await ask<T>(path);
      if (mine === latest.current) setState({ value, problem: null });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === latest.current) setState({ value: null, problem: error.message });
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for this path
  useEffect(() => {
    setState({ value: null, problem: null });
    void again();
  }, [path]);
  return { ...state, again };
}

export interface Deed {
  isBusy: boolean;
  problem: string | null;
  // Tells whether it went well.
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

// Something that is done by a button.
export function useDeed(): Deed {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, run };
}
