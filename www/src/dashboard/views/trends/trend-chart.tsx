// The series of now over that of before: the intervals stand at the place of those they are compared with.

import { useMemo } from 'preact/hooks';
import type { Interval, Metrics } from '../../api';
import { Chart, type Line } from '../../components/chart';
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
  const { times, lines } = useMemo(() => seriesOf(rows, measure), [rows, measure]);

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

type Row = Interval & { before: Interval | null };

function seriesOf(rows: Row[], measure: Measure): { times: number[]; lines: Line[] } {
  const now = Date.now();
  const isOver = ({ end }: Interval) => new Date(end).getTime() <= now;
  const over = rows.filter(isOver).length;
  const before: Line = {
    label: 'The period before',
    values: rows.map((row) => row.before?.[measure] ?? null),
    look: 'dashed',
    tone: 'quiet',
  };
  // Two points make no line.
  const look = rows.length < 3 ? 'bars' : 'area';
  const current: Line = {
    label: NAMES[measure],
    values: rows.map((row) => (look === 'bars' || isOver(row) ? row[measure] : null)),
    look,
    tone: 'accent',
  };
  // An interval that has only begun is no fall: it hangs on the last one by a dashed line.
  const open: Line = {
    label: 'So far',
    values: rows.map((row, index) => (index >= over - 1 ? row[measure] : null)),
    look: 'dashed',
    tone: 'accent',
  };
  const times = rows.map(({ start }) => new Date(start).getTime() / 1000);
  const hasOpen = look === 'area' && over > 0 && over < rows.length;
  return { times, lines: hasOpen ? [before, current, open] : [before, current] };
}
