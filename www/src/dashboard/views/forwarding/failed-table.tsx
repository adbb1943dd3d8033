// Events that a destination does not take. Each is stored like any other.

import type { FailedForward } from '../../api';
import { DataTable } from '../../components/data-table';
import { NONE, moment } from '../../format';
import { inWords } from '../../words';

interface FailedTableProps {
  events: FailedForward[];
  /** Of destinations, for people. */
  names: Record<string, string>;
}

export function FailedTable({ events, names }: FailedTableProps) {
  return (
    <DataTable
      label="Events that were given up"
      csvName="given-up"
      rows={events}
      keyOf={({ destination, event_id }) => `${destination} ${event_id}`}
      columns={[
        {
          name: 'event',
          title: 'Event',
          isHeading: true,
          cell: ({ event }) => event ?? NONE,
          csv: ({ event }) => event ?? '',
        },
        {
          name: 'timestamp',
          title: 'When it happened',
          cell: ({ timestamp }) => (timestamp ? moment(timestamp) : NONE),
          csv: ({ timestamp }) => timestamp ?? '',
        },
        {
          name: 'destination',
          title: 'To',
          cell: ({ destination }) => names[destination] ?? destination,
          csv: ({ destination }) => destination,
        },
        {
          name: 'reason',
          title: 'Why it was given up',
          cell: ({ reason }) => inWords(reason),
          csv: ({ reason }) => reason,
        },
        {
          name: 'id',
          title: 'Id',
          cell: ({ event_id }) => <code>{event_id}</code>,
          csv: ({ event_id }) => event_id,
        },
      ]}
    />
  );
}
