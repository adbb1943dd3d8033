// The newest events as stored, by event, user or session if wanted, and one of them in full.

import { useRef } from 'preact/hooks';
import type { StoredEvent } from '../../shared/events';
import { recentEvents } from '../api';
import { EventList } from '../components/event-list';
import { EventPicker } from '../components/event-picker';
import { Inspector } from '../components/inspector';
import { Card, PageHead } from '../components/page';
import { Shown } from '../components/states';
import { counted } from '../format';
import { setParams, usePlace } from '../router';
import { useAnswer } from '../use-answer';
import '../styles/events.css';

const INTERVAL_MS = 3000;
const EVENTS_MAX = 100;

export default function Events() {
  const { params } = usePlace();
  const filter = {
    event: params.get('event'),
    user_id: params.get('user'),
    session_id: params.get('session'),
  };
  const answer = useAnswer(
    `events ${JSON.stringify(filter)}`,
    (signal) => recentEvents({ limit: EVENTS_MAX, ...filter }, signal),
    INTERVAL_MS,
  );
  const selected = useSelected(answer.data ?? [], params.get('id'));
  const isFiltered = Object.values(filter).some((value) => value !== null);

  return (
    <>
      <PageHead title="Events" lead="The newest events, as they were stored.">
        <EventPicker
          all="All events"
          value={filter.event}
          onChange={(event) => setParams({ event, id: null })}
        />
      </PageHead>
      <Card
        title="Recent events"
        aside={answer.data && <p class="muted small">{counted(answer.data.length, 'event')}, newest first</p>}
      >
        <Filters user={filter.user_id} session={filter.session_id} />
        <Shown
          answer={answer}
          shape="table"
          empty={(events) =>
            events.length > 0 ? null : isFiltered ? (
              'No stored event is like this.'
            ) : (
              <p>
                Nothing has been stored yet. <a href="/start">Send a first event</a>.
              </p>
            )
          }
        >
          {(events) => (
            <div class="events" data-inspecting={selected !== null}>
              <EventList
                events={events}
                csvName="events"
                selected={selected?.id}
                onSelect={({ id }) => setParams({ id })}
              />
              {selected && <Inspector event={selected} onClose={() => setParams({ id: null })} />}
            </div>
          )}
        </Shown>
      </Card>
    </>
  );
}

/** The chosen event stays chosen when newer ones push it out of the list. */
function useSelected(events: StoredEvent[], id: string | null): StoredEvent | null {
  const last = useRef<StoredEvent | null>(null);
  const found = id === null ? null : (events.find((event) => event.id === id) ?? null);
  if (found) last.current = found;
  return found ?? (last.current?.id === id ? last.current : null);
}

function Filters({ user, session }: { user: string | null; session: string | null }) {
  if (!user && !session) return null;
  return (
    <ul class="chips" aria-label="Filters">
      {session && <Chip text={`session ${session}`} onRemove={() => setParams({ session: null })} />}
      {user && <Chip text={`user ${user}`} onRemove={() => setParams({ user: null })} />}
    </ul>
  );
}

function Chip({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <li class="chip">
      <span class="mono">{text}</span>
      <button type="button" class="link" onClick={onRemove} aria-label={`Remove the filter ${text}`}>
        Remove
      </button>
    </li>
  );
}
