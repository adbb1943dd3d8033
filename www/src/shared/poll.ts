// Asks again and again while somebody is looking: stops while the tab is hidden, and never has two
// questions out at once. What is asked, and how often, is the caller's.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** The last answer, and what went wrong with the last question, if anything. */
export interface Polled<T> {
  data: T | null;
  error: Error | null;
  /** Asks at once. */
  again: () => void;
}

/**
 * Calls `ask` at once and `intervalMs` after each answer, while the page is visible; with no interval, once.
 * A failed question keeps the data of the one before. Changing `topic` starts afresh.
 */
export function usePolling<T>(
  topic: string,
  intervalMs: number | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Polled<T> {
  const [polled, setPolled] = useState<Pick<Polled<T>, 'data' | 'error'>>({ data: null, error: null });
  const round = useRef(() => {});
  // The newest `ask` and interval, without restarting for a new closure at each render.
  const latest = useRef({ ask, intervalMs });
  latest.current = { ask, intervalMs };

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;

    async function ask() {
      clearTimeout(timer);
      if (asking || document.hidden) return;
      asking = true;
      try {
        const data = await latest.current.ask(stop.signal);
        if (!stop.signal.aborted) setPolled({ data, error: null });
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        if (!stop.signal.aborted) setPolled(({ data }) => ({ data, error }));
      } finally {
        asking = false;
      }
      const { intervalMs } = latest.current;
      if (!stop.signal.aborted && intervalMs !== null) timer = setTimeout(ask, intervalMs);
    }

    setPolled({ data: null, error: null });
    round.current = () => void ask();
    void ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [topic]);

  return { ...polled, again: useCallback(() => round.current(), []) };
}
