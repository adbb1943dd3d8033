// Whether the pipeline is well, and if not, why.

import type { Health } from '../../api';
import { Card } from '../../components/page';
import { Shown } from '../../components/states';
import { ago, bytes, counted, decimal, duration, NONE } from '../../format';
import type { Answer } from '../../use-answer';

export function HealthCard({ answer }: { answer: Answer<Health> }) {
  const { data } = answer;
  return (
    <Card
      title="Health"
      aside={
        data && (
          <p class="state" data-state={data.healthy ? 'good' : 'bad'}>
            {data.healthy ? 'Healthy' : 'Needs attention'}
          </p>
        )
      }
    >
      <Shown answer={answer} shape="lines">
        {(health) => <Facts health={health} />}
      </Shown>
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
