// The stream of /v1/live: counts once a second, and a sample of the events themselves. The browser reconnects
// by itself after a break; after a refusal this does, more patiently.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../shared/events';
import type { LiveCounts } from './api';

export type Connection = 'connecting' | 'open' | 'broken';

interface Listeners {
  counts?: (counts: LiveCounts) => void;
  sample?: (event: StoredEvent) => void;
}

const RETRY_MS = 5000;

/** Listens while the view is shown and the tab is visible; a stream nobody watches is closed. */
export function useLive(listeners: Listeners): Connection {
  const [connection, setConnection] = useState<Connection>('connecting');
  const latest = useRef(listeners);
  latest.current = listeners;

  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function open() {
      close();
      if (document.hidden) return;
      source = new EventSource('/v1/live');
      source.onopen = () => setConnection('open');
      source.onerror = () => {
        setConnection('broken');
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
      };
      source.addEventListener('counts', ({ data }) => pass<LiveCounts>(data, latest.current.counts));
      source.addEventListener('sample', ({ data }) => pass<StoredEvent>(data, latest.current.sample));
    }

    function close() {
      clearTimeout(timer);
      source?.close();
    }

    open();
    document.addEventListener('visibilitychange', open);
    return () => {
      close();
      document.removeEventListener('visibilitychange', open);
    };
  }, []);

  return connection;
}

function pass<T>(data: unknown, to: ((value: T) => void) | undefined): void {
  if (to && typeof data === 'string') to(JSON.parse(data) as T);
}
