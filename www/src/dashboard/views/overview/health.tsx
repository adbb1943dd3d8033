// Whether the pipeline is well, and if not, why.

import type { Health } from '../../api';
import { Card } from '../../components/page';
import { ago, bytes, counted, decimal, duration, NONE } from '../../format';

export function HealthCard({ health }: { health: Health }) {
  return (
    <Card
      title="Health"
      aside={
        <p class="state" data-state={health.healthy ? 'good' : 'bad'}>
          {health.healthy ? 'Healthy' : 'Needs attention'}
        </p>
      }
    >
      <Facts health={health} />
    </Card>
  );
}

function Facts({ health }: { health: Health }) {
  return (
    <>
      {health.reasons.length > 0 && (
        <ul class="reasons">
          {health.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <dl class="facts">
        <div>
          <dt>Last event</dt>
          <dd>{health.last_event_at ? ago(health.last_event_at) : NONE}</dd>
        </div>
        <div>
          <dt>Events a minute, last 5 minutes</dt>
          <dd>{decimal(health.events_per_minute)}</dd>
        </div>
        <div>
          <dt>Database</dt>
          <dd>{health.store === 'ok' ? 'answers' : 'away: events wait on disk'}</dd>
        </div>
        <div>
          <dt>Waiting on disk</dt>
          <dd>
            {health.spool_batches === 0
              ? 'nothing'
              : `${counted(health.spool_batches, 'batch', 'batches')}, ${bytes(health.spool_bytes)}`}
          </dd>
        </div>
        <div>
          <dt>Running for</dt>
          <dd>{duration(health.uptime_seconds)}</dd>
        </div>
      </dl>
    </>
  );
}
