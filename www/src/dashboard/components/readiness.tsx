// Whether the server can take events at the moment, beside every view.

import { usePolling } from '../../shared/poll';
import { isReady } from '../api';

const INTERVAL_MS = 5000;

export function Readiness() {
  const { data, error } = usePolling('readiness', INTERVAL_MS, isReady);
  const state = error ? 'unreachable' : data === null ? 'unknown' : data ? 'ready' : 'not_ready';
  const words = {
    unknown: 'Checking…',
    ready: 'Ready',
    not_ready: 'Not ready: events cannot be stored',
    unreachable: 'The server does not answer',
  };
  return (
    <p class="readiness" role="status" data-state={state}>
      {words[state]}
    </p>
  );
}
