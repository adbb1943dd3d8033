// A view's question to the server: the answer, whether it is of what is asked now, and how to ask again.

import { useRef } from 'preact/hooks';
import { usePolling } from '../shared/poll';

export interface Answer<T> {
  /** The last answer; while another question is out, that of the one before. */
  data: T | null;
  /** What went wrong with the last question. */
  error: Error | null;
  /** Whether the answer to what is asked now is still out. */
  busy: boolean;
  again: () => void;
}

/**
 * Asks whenever `topic` changes, and every `everyMs` if that is given.
 * The topic names all that `ask` depends on.
 */
export function useAnswer<T>(
  topic: string,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number | null = null,
): Answer<T> {
  const { data, error, again } = usePolling(topic, everyMs, ask);
  const last = useRef<T | null>(null);
  if (data !== null) last.current = data;
  return { data: data ?? (error ? null : last.current), error, busy: data === null && !error, again };
}
