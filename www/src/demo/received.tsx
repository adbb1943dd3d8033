// The panel "what the server received": reads back this session's stored events and shows them as stored,
// newest first. It shows the server's answer and nothing else; that is its point.

import { useEffect, useState } from 'preact/hooks';
import { counted, timeOf, valueText, type StoredEvent } from '../shared/events';
import { usePolling, type Polled } from '../shared/poll';
import { callCount, onCall, sendNow, type Telemetry } from './telemetry';

/** While something is on its way, often enough to show it within a second of its arrival; else seldom. */
const WAITING_INTERVAL_MS = 500;
const IDLE_INTERVAL_MS = 1000;
/** The server lists no more than this of a session: past it nobody here knows how many are on the way. */
const LISTED_MAX = 200;

export function Received({ telemetry }: { telemetry: Telemetry }) {
  const [open, setOpen] = useState(false);
  const session = telemetry.state === 'on' ? telemetry.session : '';
  const calls = useCalls();
  const [stored, setStored] = useState(0);
  const waiting = stored < LISTED_MAX ? Math.max(0, calls - stored) : 0;
  const polled = usePolling(session, waiting > 0 ? WAITING_INTERVAL_MS : IDLE_INTERVAL_MS, (signal) =>
    received(session, signal),
  );
  const count = polled.data?.length ?? 0;
  useEffect(() => setStored(count), [count]);

  return (
    <aside class="received" data-open={open} aria-labelledby="received-title">
      <div class="received-bar">
        <h2 id="received-title">What the server received</h2>
        <button
          type="button"
          class="received-toggle"
          aria-expanded={open}
          aria-controls="received-body"
          onClick={() => setOpen(!open)}
        >
          {open ? 'Close' : `Show ${stored}`}
        </button>
      </div>
      <div id="received-body" class="received-body">
        <p class="received-note">
          Each entry is a row of the database, read back. E-mail addresses, phone and card numbers and postal
          addresses were taken out <em>in this page</em>, before anything was sent.
        </p>
        <div class="received-counts">
          <p role="status">
            <strong>{stored < LISTED_MAX ? stored : `${LISTED_MAX}+`}</strong> stored,{' '}
            <strong>{waiting}</strong> on the way
          </p>
          <button type="button" onClick={() => void sendNow()} disabled={waiting === 0}>
            Send now
          </button>
        </div>
        {telemetry.state === 'on' && (
          <p class="received-hint">
            The SDK sends every {telemetry.flushIntervalMs / 1000} seconds, and when you leave.
          </p>
        )}
        {telemetry.state === 'starting' && <p class="received-hint">Starting the SDK…</p>}
        {telemetry.state === 'off' && (
          <p class="received-error" role="alert">
            Nothing is sent: {telemetry.why}.
          </p>
        )}
        {telemetry.state === 'on' && <List polled={polled} waiting={waiting} />}
      </div>
    </aside>
  );
}

function List({ polled, waiting }: { polled: Polled<StoredEvent[]>; waiting: number }) {
  const { data, error } = polled;
  return (
    <>
      {error && (
        <p class="received-error" role="alert">
          The server does not answer. Events wait in this page and are sent again.
        </p>
      )}
      {!data && !error && <p class="received-hint">Asking the server…</p>}
      {data?.length === 0 && (
        <p class="received-hint">
          {waiting > 0 ? 'They are on their way…' : 'Nothing yet. Click something.'}
        </p>
      )}
      {data && data.length > 0 && (
        <ol class="received-list" tabIndex={0} aria-label={counted(data.length, 'stored event')}>
          {data.map((event) => (
            <Entry key={event.id} event={event} />
          ))}
        </ol>
      )}
    </>
  );
}

function Entry({ event }: { event: StoredEvent }) {
  const properties = Object.entries(event.properties);
  return (
    <li class="entry" data-event-id={event.id}>
      <div class="entry-head">
        <h3>{event.event}</h3>
        <time dateTime={event.timestamp}>{timeOf(event.timestamp)}</time>
      </div>
      {properties.length > 0 && (
        <dl>
          {properties.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

/** This session's stored events, newest first; none before there is a session. */
async function received(session: string, signal: AbortSignal): Promise<StoredEvent[]> {
  if (!session) return [];
  const reply = await fetch(`/demo/received?session_id=${encodeURIComponent(session)}`, { signal });
  if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
  return ((await reply.json()) as { events: StoredEvent[] }).events;
}

function useCalls(): number {
  const [calls, setCalls] = useState(callCount);
  useEffect(() => {
    setCalls(callCount());
    return onCall(setCalls);
  }, []);
  return calls;
}
