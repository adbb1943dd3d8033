// What is in quarantine: events that differ in nothing but id and time are one line.

import type { Quarantined } from '../../api';
import { valueText } from '../../../shared/events';
import { DataTable } from '../../components/data-table';
import { moment, number } from '../../format';
import { setParams } from '../../router';
import { inWords } from '../../words';

export function QuarantineTable({ kept, selected }: { kept: Quarantined[]; selected: string | null }) {
  return (
    <DataTable
      label="Events in quarantine"
      csvName="quarantine"
      rows={kept}
      keyOf={({ id }) => id}
      rowProps={({ id }) => ({ 'data-selected': id === selected })}
      columns={[
        {
          name: 'event',
          title: 'Event',
          isHeading: true,
          cell: (entry) => (
            <button
              type="button"
              class="link mono"
              aria-expanded={entry.id === selected}
              onClick={() => setParams({ id: entry.id })}
            >
              <span class="clip">{nameOf(entry)}</span>
            </button>
          ),
          csv: nameOf,
        },
        { name: 'code', title: 'Why', cell: ({ code }) => inWords(code), csv: ({ code }) => code },
        {
          name: 'field',
          title: 'Field',
          cell: ({ field }) => <span class="clip mono muted">{field}</span>,
          csv: ({ field }) => field,
        },
        {
          name: 'count',
          title: 'Like it',
          isNumber: true,
          cell: ({ count }) => number(count),
          csv: ({ count }) => count,
        },
        {
          name: 'last_seen',
          title: 'Last seen',
          cell: ({ last_seen }) => moment(last_seen),
          csv: ({ last_seen }) => last_seen,
        },
        {
          name: 'replayed_at',
          title: 'Replayed',
          isTitleHidden: true,
          cell: ({ replayed_at }) =>
            replayed_at && (
              <span class="tag" data-tone="accent">
                replayed
              </span>
            ),
          csv: ({ replayed_at }) => replayed_at,
        },
      ]}
    />
  );
}

/** What the sender called it, which need not be a name. */
export function nameOf({ event }: Quarantined): string {
  return event.event === undefined ? '(no name)' : valueText(event.event);
}
