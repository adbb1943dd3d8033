// The values of a property, most frequent first, and what is not among them. A click holds one still.

import type { Breakdown } from '../../api';
import { Bar, DataTable } from '../../components/data-table';
import { number, percent } from '../../format';
import { setParams } from '../../router';

interface Row {
  value: string;
  count: number;
  users: number | null;
  /** A value of the property itself, rather than all others, or none. */
  isValue: boolean;
}

/** The server takes no more. */
const CONDITIONS_MAX = 4;

export function ValueTable({ data, where }: { data: Breakdown; where: string[] }) {
  const rest: Row[] = [
    { value: 'all other values', count: data.other_count, users: null, isValue: false },
    { value: 'without this property', count: data.missing_count, users: null, isValue: false },
  ];
  const rows: Row[] = [
    ...data.values.map(({ value, count, unique_users }) => ({
      value,
      count,
      users: unique_users,
      isValue: true,
    })),
    ...rest.filter(({ count }) => count > 0),
  ];
  const highest = Math.max(...rows.map(({ count }) => count));
  const hold = (value: string) => setParams({ where: [...where, `${data.property}:${value}`] });

  return (
    <DataTable
      label={`Values of ${data.property}`}
      csvName={`${data.event}-by-${data.property}`}
      rows={rows}
      keyOf={({ value, isValue }) => `${isValue} ${value}`}
      columns={[
        {
          name: 'value',
          title: data.property,
          isHeading: true,
          cell: (row) =>
            row.isValue && where.length < CONDITIONS_MAX ? (
              <button
                type="button"
                class="link"
                title="Only events with this value"
                onClick={() => hold(row.value)}
              >
                <span class="clip">{row.value === '' ? '(empty)' : row.value}</span>
              </button>
            ) : (
              <span class={row.isValue ? 'clip' : 'muted'}>{row.value}</span>
            ),
          csv: ({ value }) => value,
        },
        {
          name: 'bar',
          title: 'Bar',
          isTitleHidden: true,
          cell: ({ count }) => <Bar share={count / highest} />,
        },
        {
          name: 'count',
          title: 'Events',
          isNumber: true,
          cell: ({ count }) => number(count),
          csv: ({ count }) => count,
        },
        {
          name: 'share',
          title: 'Share',
          isNumber: true,
          cell: ({ count }) => <span class="muted">{percent(count / data.total)}</span>,
          csv: ({ count }) => count / data.total,
        },
        {
          name: 'unique_users',
          title: 'Users',
          isNumber: true,
          cell: ({ users }) => (users === null ? '' : number(users)),
          csv: ({ users }) => users,
        },
      ]}
    />
  );
}
