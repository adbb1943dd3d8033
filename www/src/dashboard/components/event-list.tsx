// A list of events, each with enough of its properties to know it by. Values are shown as text, never as markup.

import { timeOf, valueText, type StoredEvent } from '../../shared/events';
import { DataTable } from './data-table';

interface EventListProps {
  events: StoredEvent[];
  selected: string | undefined;
  csvName?: string;
  onSelect: (event: StoredEvent) => void;
}

const PREVIEW_CHARS_MAX = 120;

export function EventList({ events, selected, csvName, onSelect }: EventListProps) {
  return (
    <DataTable
      label="List of events"
      csvName={csvName}
      rows={events}
      keyOf={(event) => event.id}
      rowProps={(event) => ({ 'data-event-id': event.id, 'data-selected': event.id === selected })}
      columns={[
        {
          name: 'timestamp',
          title: 'Time',
          cell: (event) => (
            <time class="muted" dateTime={event.timestamp}>
              {timeOf(event.timestamp)}
            </time>
          ),
          csv: (event) => event.timestamp,
        },
        {
          name: 'event',
          title: 'Event',
          isHeading: true,
          cell: (event) => (
            <button
              type="button"
              class="link mono"
              aria-expanded={event.id === selected}
              onClick={() => onSelect(event)}
            >
              {event.event}
            </button>
          ),
          csv: (event) => event.event,
        },
        { name: 'source', title: 'Source', cell: (event) => event.source, csv: (event) => event.source },
        {
          name: 'properties',
          title: 'Properties',
          cell: (event) => <span class="preview">{preview(event)}</span>,
          csv: (event) => JSON.stringify(event.properties),
        },
        {
          name: 'session_id',
          title: 'Session',
          cell: ({ session_id }) => <SessionLink id={session_id} />,
          csv: (event) => event.session_id,
        },
      ]}
    />
  );
}

function SessionLink({ id }: { id: string | null }) {
  if (!id) return null;
  return (
    <a class="mono" href={`/sessions?session=${encodeURIComponent(id)}`}>
      <span class="visually-hidden">Session </span>
      {id.slice(0, 8)}
    </a>
  );
}

function preview(event: StoredEvent): string {
  const text = Object.entries(event.properties)
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join('   ');
  return text.length > PREVIEW_CHARS_MAX ? text.slice(0, PREVIEW_CHARS_MAX) + '…' : text;
}
