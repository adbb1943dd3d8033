// One destination in numbers, and another try for what it was given up for.

import { useState } from 'preact/hooks';
import { retryForwards, type Forwarder } from '../../api';
import { Card, Stat } from '../../components/page';
import { Problem } from '../../components/states';
import { duration, number } from '../../format';
import { inWords } from '../../words';

export const NAMES: Record<string, string> = { ga4: 'Google Analytics 4', webhook: 'Webhook' };

interface DestinationProps {
  of: Forwarder;
  onRetry: () => void;
}

export function Destination({ of, onRetry }: DestinationProps) {
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const retry = () => {
    setBusy(true);
    setError(null);
    retryForwards(of.name)
      .then(onRetry)
      .catch((reason: unknown) => setError(reason instanceof Error ? reason : new Error(String(reason))))
      .finally(() => setBusy(false));
  };
  const waits = of.oldest_pending_at && (Date.now() - Date.parse(of.oldest_pending_at)) / 1000;
  return (
    <Card
      title={NAMES[of.name] ?? of.name}
      aside={of.enabled ? undefined : <p class="muted small">not set up any more</p>}
    >
      <dl class="stats">
        <Stat
          label="Waiting"
          value={number(of.pending)}
          note={waits ? `the first for ${duration(Math.max(0, waits))}` : 'nothing is late'}
        />
        <Stat label="Sent" value={number(of.sent)} note={of.last_error ?? undefined} />
        <Stat label="Given up" value={number(of.failed)} />
        <Stat label="Perhaps twice" value={number(of.uncertain)} note="sent again after no answer" />
      </dl>
      {of.failed_by_reason.length > 0 && (
        <>
          <h3>Why events were given up</h3>
          <dl class="facts">
            {of.failed_by_reason.map(({ reason, count }) => (
              <div key={reason}>
                <dt>{inWords(reason)}</dt>
                <dd>{number(count)}</dd>
              </div>
            ))}
          </dl>
          {of.enabled && (
            <button type="button" class="button" disabled={isBusy} onClick={retry}>
              Try them again
            </button>
          )}
        </>
      )}
      {error && <Problem error={error} />}
    </Card>
  );
}
