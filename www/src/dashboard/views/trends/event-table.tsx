// Every event of the range, most frequent first; the first ten against the period before.

import type { Report } from '../../api';
import { Bar, DataTable } from '../../components/data-table';
import { Trend } from '../../components/trend';
import { number, percent } from '../../format';
import { addressWith, usePlace } from '../../router';

export function EventTable({ report, chosen }: { report: Report; chosen: string | null }) {
  const place = usePlace();
  const highest = report.events[0]?.count ?? 1;
  const top = new Map(report.top_events.map((row) => [row.event, row]));
  return (
    <>
      <DataTable
        label="Every event of this time"
        csvName="events-by-name"
        rows={report.events}
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
          { name: 'bar', title: '', cell: (row) => <Bar share={row.count / highest} /> },
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
            cell: (row) => <span class="muted">{percent(row.count / report.total_events)}</span>,
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
            cell: (row) => {
              const known = top.get(row.event);
              return known && <Trend value={known.trend} />;
            },
            csv: (row) => top.get(row.event)?.trend,
          },
        ]}
      />
      {report.events_truncated && <p class="muted">There are more events than this list is long.</p>}
    </>
  );
}
