// A funnel's steps as bars, each as long as its share of the first, and the same as a table to keep.

import type { Funnel, FunnelStep } from '../../api';
import { Bar, DataTable } from '../../components/data-table';
import { NONE, duration, number, percent } from '../../format';

export function Result({ data }: { data: Funnel }) {
  const last = data.steps.at(-1);
  const rows = data.steps.map((step, index) => ({ ...step, index }));
  return (
    <>
      <p class="funnel-rate">
        <strong>{percent(last?.rate)}</strong> of {number(data.steps[0]?.count ?? 0)} {data.by}s go all the
        way
      </p>
      <DataTable
        label="Steps of the funnel"
        csvName="funnel"
        rows={rows}
        keyOf={({ index }) => String(index)}
        columns={[
          {
            name: 'step',
            title: 'Number',
            isTitleHidden: true,
            cell: ({ index }) => <span class="muted">{index + 1}</span>,
            csv: ({ index }) => index + 1,
          },
          {
            name: 'event',
            title: 'Step',
            isHeading: true,
            cell: ({ event }) => <span class="mono">{event}</span>,
            csv: ({ event }) => event,
          },
          { name: 'bar', title: 'Bar', isTitleHidden: true, cell: ({ rate }) => <Bar share={rate ?? 0} /> },
          {
            name: 'count',
            title: data.by === 'user' ? 'Users' : 'Sessions',
            isNumber: true,
            cell: ({ count }) => number(count),
            csv: ({ count }) => count,
          },
          {
            name: 'rate',
            title: 'Of the first',
            isNumber: true,
            cell: ({ rate }) => percent(rate),
            csv: ({ rate }) => rate,
          },
          {
            name: 'step_rate',
            title: 'Of the one before',
            isNumber: true,
            cell: stepRate,
            csv: ({ step_rate }) => step_rate,
          },
          {
            name: 'median_seconds',
            title: 'Median time',
            isNumber: true,
            cell: ({ median_seconds }) => (median_seconds === null ? NONE : duration(median_seconds)),
            csv: ({ median_seconds }) => median_seconds,
          },
        ]}
      />
    </>
  );
}

function stepRate({ step_rate, index }: FunnelStep & { index: number }) {
  return index === 0 ? NONE : percent(step_rate);
}
