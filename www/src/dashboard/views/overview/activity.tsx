// The last hour by minute: events, and who sent them.

import { useMemo } from 'preact/hooks';
import type { Dashboard } from '../../api';
import { Chart } from '../../components/chart';
import { DataTable } from '../../components/data-table';
import { number, timeOfDay } from '../../format';

export function Activity({ activity }: { activity: Dashboard['activity'] }) {
  const { times, lines } = useMemo(
    () => ({
      times: activity.map(({ minute }) => new Date(minute).getTime() / 1000),
      lines: [
        {
          label: 'Events',
          values: activity.map(({ count }) => count),
          look: 'bars' as const,
          tone: 'accent' as const,
        },
        {
          label: 'Active users',
          values: activity.map(({ users }) => users),
          look: 'line' as const,
          tone: 'second' as const,
        },
      ],
    }),
    [activity],
  );
  return (
    <Chart
      label="Events and active users in each minute of the last hour"
      times={times}
      lines={lines}
      height={220}
      value={number}
      time={(at) => timeOfDay(new Date(at * 1000))}
    >
      <DataTable
        label="Events, users and sessions by minute"
        csvName="last-hour"
        rows={activity}
        keyOf={({ minute }) => minute}
        columns={[
          {
            name: 'minute',
            title: 'Minute',
            isHeading: true,
            cell: (row) => timeOfDay(row.minute),
            csv: (row) => row.minute,
          },
          {
            name: 'count',
            title: 'Events',
            isNumber: true,
            cell: (row) => number(row.count),
            csv: (row) => row.count,
          },
          {
            name: 'users',
            title: 'Users',
            isNumber: true,
            cell: (row) => number(row.users),
            csv: (row) => row.users,
          },
          {
            name: 'sessions',
            title: 'Sessions',
            isNumber: true,
            cell: (row) => number(row.sessions),
            csv: (row) => row.sessions,
          },
        ]}
      />
    </Chart>
  );
}
