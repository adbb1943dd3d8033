// Cohorts as a table whose cells are the darker the more came back. The number is in the cell; the shade only helps.

import type { Retention } from '../../api';
import { DataTable, type Column } from '../../components/data-table';
import { intervalName, number, percent } from '../../format';

type Cohort = Retention['cohorts'][number];

export function CohortTable({ data: { period, cohorts } }: { data: Retention }) {
  const longest = Math.max(...cohorts.map(({ returned }) => returned.length));
  const later: Column<Cohort>[] = Array.from({ length: longest }, (_, index) => ({
    name: `${period}_${index}`,
    title: index === 0 ? `First ${period}` : `+${index}`,
    isNumber: true,
    cell: (cohort) => <Share cohort={cohort} index={index} />,
    csv: ({ returned }) => returned[index],
  }));
  return (
    <DataTable
      label="Share of each cohort that came back"
      csvName={`retention-by-${period}`}
      rows={cohorts}
      keyOf={({ start }) => start}
      columns={[
        {
          name: 'cohort',
          title: 'First seen',
          isHeading: true,
          cell: ({ start }) => intervalName[period](start),
          csv: ({ start }) => start,
        },
        {
          name: 'size',
          title: 'Users',
          isNumber: true,
          cell: ({ size }) => number(size),
          csv: ({ size }) => size,
        },
        ...later,
      ]}
    />
  );
}

function Share({ cohort: { size, returned }, index }: { cohort: Cohort; index: number }) {
  const count = returned[index];
  if (count === undefined || size === 0) return null;
  const share = count / size;
  return (
    <span class="share" style={{ '--share': `${Math.round(share * 100)}%` }} title={`${number(count)} users`}>
      {percent(share)}
    </span>
  );
}
