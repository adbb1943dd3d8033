// The newest events as stored, and one of them in full.

import { useEffect, useState } from 'preact/hooks';
import { counted, timeOf, valueText, type StoredEvent } from '../shared/events';
import { usePolling } from '../shared/poll';
import { recentEvents, SignedOut } from './api';
import { Inspector } from './inspector';

const INTERVAL_MS = 3000;
const EVENTS_MAX = 100;
/** Enough of the properties to recognise an event by. */
const PREVIEW_CHARS_MAX = 120;

export function EventsView({ onSignedOut }: { onSignedOut: () => void }) {
  const { data, error } = usePolling('events', INTERVAL_MS, (signal) => recentEvents(EVENTS_MAX, signal));
  // The event itself, not its place: it stays open when newer ones push it out of the list.
  const [selected, setSelected] = useState<StoredEvent | null>(null);

  useEffect(() => {
    if (error instanceof SignedOut) onSignedOut();
  }, [error]);

  return (
    <section class="card" aria-labelledby="events-title">
      <div class="card-head">
        <h1 id="events-title">Recent events</h1>
        {data && (
          <p class="muted">{data.length === 0 ? 'none yet' : `newest ${counted(data.length, 'event')}`}</p>
        )}
      </div>
      {error && (
        <p class="problem" role="alert">
          {data ? 'This list is not being updated: ' : ''}
          {error.message}
        </p>
      )}
      {!data && !error && <p class="muted">Asking for events…</p>}
      {data?.length === 0 && (
        <p>
          Nothing has been stored yet. Put the snippet below into a page, or click around in the{' '}
          <a href="/demo/">demo shop</a>.
        </p>
      )}
      {data && data.length > 0 && (
        <div class="events" data-inspecting={selected !== null}>
          <EventTable events={data} selected={selected?.id} onSelect={setSelected} />
          {selected && <Inspector event={selected} onClose={() => setSelected(null)} />}
        </div>
      )}
    </section>
  );
}

interface EventTableProps {
  events: StoredEvent[];
  selected: string | undefined;
  onSelect: (event: StoredEvent) => void;
}

function EventTable({ events, selected, onSelect }: EventTableProps) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label="List of events">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Event</th>
            <th scope="col">Source</th>
            <th scope="col">Properties</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id} data-event-id={event.id} data-selected={event.id === selected}>
              <td class="time">
                <time dateTime={event.timestamp}>{timeOf(event.timestamp)}</time>
              </td>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-expanded={event.id === selected}
                  onClick={() => onSelect(event)}
                >
                  {event.event}
                </button>
              </th>
              <td>{event.source}</td>
              <td class="preview">{preview(event)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function preview(event: StoredEvent): string {
  const text = Object.entries(event.properties)
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join('   ');
  return text.length > PREVIEW_CHARS_MAX ? text.slice(0, PREVIEW_CHARS_MAX) + '…' : text;
}
