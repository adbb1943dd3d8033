// One event in full, as stored.

import { useEffect, useRef } from 'preact/hooks';
import { valueText, type Json, type StoredEvent } from '../../shared/events';

export function Inspector({ event, onClose }: { event: StoredEvent; onClose: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [event.id]);

  return (
    <aside
      class="inspector"
      aria-label="The chosen event"
      onKeyDown={(key) => {
        if (key.key === 'Escape') onClose();
      }}
    >
      <div class="card-head">
        <h2 ref={heading} tabIndex={-1}>
          {event.event}
        </h2>
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
      <Facts title="Properties" facts={event.properties} />
      <Facts title="Context" facts={event.context ?? {}} />
      <Facts title="Record" facts={recordOf(event)} />
      <p class="buttons">
        {event.session_id && (
          <a href={`/sessions?session=${encodeURIComponent(event.session_id)}`}>Its session</a>
        )}
        {event.user_id && (
          <a href={`/events?user=${encodeURIComponent(event.user_id)}`}>Events of this user</a>
        )}
      </p>
    </aside>
  );
}

/** Named values, one under the other; nested ones as JSON. */
export function Facts({ title, facts }: { title: string; facts: { [name: string]: Json } }) {
  const entries = Object.entries(facts);
  return (
    <>
      <h3>{title}</h3>
      {entries.length === 0 ? (
        <p class="muted">None.</p>
      ) : (
        <dl>
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                {value !== null && typeof value === 'object' ? <Nested value={value} /> : valueText(value)}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

function Nested({ value }: { value: Json }) {
  return <pre>{JSON.stringify(value, null, 2)}</pre>;
}

/** Everything stored beside properties and context, without what is absent. */
function recordOf(event: StoredEvent): { [name: string]: Json } {
  const { id, timestamp, created_at, source, session_id, seq, user_id } = event;
  const record = { id, timestamp, created_at, source, session_id, seq, user_id };
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value != null));
}
