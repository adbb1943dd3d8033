// The last hour in two lists: which events there were, and what became of those received.

import type { Dashboard } from '../../api';
import { Card } from '../../components/page';
import { Bar, DataTable } from '../../components/data-table';
import { Empty } from '../../components/states';
import { number, percent } from '../../format';
import { outcomeName } from '../../words';

export function TopEvents({ data }: { data: Dashboard }) {
  const highest = data.top_events[0]?.count ?? 1;
  return (
    <Card title="Top events" aside={<a href="/trends">All trends</a>}>
      {data.top_events.length === 0 ? (
        <Empty>No event in the last hour.</Empty>
      ) : (
        <DataTable
          label="Top events of the last hour"
          csvName="top-events"
          rows={data.top_events}
          keyOf={(row) => row.event}
          columns={[
            {
              name: 'event',
              title: 'Event',
              isHeading: true,
              cell: (row) => (
                <a class="mono" href={`/trends?range=24h&event=${encodeURIComponent(row.event)}`}>
                  {row.event}
                </a>
              ),
              csv: (row) => row.event,
            },
            {
              name: 'bar',
              title: 'Bar',
              isTitleHidden: true,
              cell: (row) => <Bar share={row.count / highest} />,
            },
            {
              name: 'count',
              title: 'Events',
              isNumber: true,
              cell: (row) => number(row.count),
              csv: (row) => row.count,
            },
          ]}
        />
      )}
    </Card>
  );
}

export function Received({ data }: { data: Dashboard }) {
  const outcomes = ranked(data.outcomes);
  const redactions = ranked(data.redactions);
  const received = outcomes.reduce((sum, [, count]) => sum + count, 0);
  return (
    <Card title="What was received" aside={<a href="/outcomes">Details</a>}>
      {received === 0 ? (
        <Empty>Nothing was received in the last hour.</Empty>
      ) : (
        <dl class="facts">
          {outcomes.map(([outcome, count]) => (
            <div key={outcome}>
              <dt>{outcomeName(outcome)}</dt>
              <dd>
                {number(count)} <span class="muted">{percent(count / received)}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <h3>Personal data taken out</h3>
      {redactions.length === 0 ? (
        <p class="muted">None in the last hour.</p>
      ) : (
        <dl class="facts">
          {redactions.map(([kind, count]) => (
            <div key={kind}>
              <dt class="mono">{kind}</dt>
              <dd>{number(count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

function ranked(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
}
