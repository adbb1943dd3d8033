// The series of now over that of before: the intervals stand at the place of those they are compared with.

import { useMemo } from 'preact/hooks';
import type { Metrics } from '../../api';
import { Chart } from '../../components/chart';
import { DataTable } from '../../components/data-table';
import { intervalName, number } from '../../format';
import type { Measure } from '.';

interface TrendChartProps {
  current: Metrics;
  before: Metrics;
  measure: Measure;
  event: string | null;
}

const NAMES: Record<Measure, string> = {
  count: 'Events',
  unique_users: 'Users',
  unique_sessions: 'Sessions',
};

export function TrendChart({ current, before, measure, event }: TrendChartProps) {
  const name = intervalName[current.period];
  const rows = useMemo(
    () =>
      current.intervals.map((interval, index) => ({ ...interval, before: before.intervals[index] ?? null })),
    [current, before],
  );
  const { times, lines } = useMemo(
    () => ({
      times: rows.map(({ start }) => new Date(start).getTime() / 1000),
      lines: [
        {
          label: 'The period before',
          values: rows.map((row) => row.before?.[measure] ?? null),
          look: 'dashed' as const,
          tone: 'quiet' as const,
        },
        {
          label: NAMES[measure],
          values: rows.map((row) => row[measure]),
          look: rows.length < 3 ? ('bars' as const) : ('area' as const),
          tone: 'accent' as const,
        },
      ],
    }),
    [rows, measure],
  );

  return (
    <Chart
      label={`${NAMES[measure]} of ${event ?? 'all events'} by ${current.period}, and in the period before`}
      times={times}
      lines={lines}
      height={300}
      value={number}
      time={(at) => name(new Date(at * 1000))}
    >
      <DataTable
        label={`Numbers by ${current.period}`}
        csvName={`trends-${event ?? 'all'}-${current.period}`}
        rows={rows}
        keyOf={(row) => row.start}
        columns={[
          {
            name: 'start',
            title: 'Interval',
            isHeading: true,
            cell: (row) => name(row.start),
            csv: (row) => row.start,
          },
          {
            name: 'count',
            title: 'Events',
            isNumber: true,
            cell: (row) => number(row.count),
            csv: (row) => row.count,
          },
          {
            name: 'count_before',
            title: 'Before',
            isNumber: true,
            cell: (row) => (row.before ? number(row.before.count) : ''),
            csv: (row) => row.before?.count,
          },
          {
            name: 'unique_users',
            title: 'Users',
            isNumber: true,
            cell: (row) => number(row.unique_users),
            csv: (row) => row.unique_users,
          },
          {
            name: 'unique_sessions',
            title: 'Sessions',
            isNumber: true,
            cell: (row) => number(row.unique_sessions),
            csv: (row) => row.unique_sessions,
          },
          {
            name: 'top_event',
            title: 'Most frequent',
            cell: (row) => <span class="mono muted">{row.top_events[0]?.event ?? ''}</span>,
            csv: (row) => row.top_events[0]?.event,
          },
        ]}
      />
    </Chart>
  );
}
