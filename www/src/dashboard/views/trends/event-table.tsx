// Every event of the range, most frequent first, each against the period before.

import type { EventCount, Report } from '../../api';
import { Bar, DataTable } from '../../components/data-table';
import { Trend, change } from '../../components/trend';
import { number, percent } from '../../format';
import { addressWith, usePlace } from '../../router';

interface EventTableProps {
  current: Report;
  before: Report;
  chosen: string | null;
}

export function EventTable({ current, before, chosen }: EventTableProps) {
  const place = usePlace();
  const highest = current.events[0]?.count ?? 1;
  const then = new Map(before.events.map(({ event, count }) => [event, count]));
  const changeOf = ({ event, count }: EventCount) => change(count, then.get(event) ?? 0);
  return (
    <>
      <DataTable
        label="Every event of this time"
        csvName="events-by-name"
        rows={current.events}
        keyOf={(row) => row.event}
        rowProps={(row) => ({ 'data-selected': row.event === chosen })}
        columns={[
          {
            name: 'event',
            title: 'Event',
            isHeading: true,
            cell: (row) => (
              <a class="mono" href={addressWith(place, { event: row.event })}>
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
          {
            name: 'share',
            title: 'Share',
            isNumber: true,
            cell: (row) => <span class="muted">{percent(row.count / current.total_events)}</span>,
          },
          {
            name: 'unique_users',
            title: 'Users',
            isNumber: true,
            cell: (row) => number(row.unique_users),
            csv: (row) => row.unique_users,
          },
          {
            name: 'trend',
            title: 'Change',
            isNumber: true,
            cell: (row) => <Trend value={changeOf(row)} />,
            csv: changeOf,
          },
        ]}
      />
      {current.events_truncated && <p class="muted">There are more events than this list is long.</p>}
    </>
  );
}
