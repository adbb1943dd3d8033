// Events as they arrive: a sample of them, newest first, that can be paused and filtered.

import { useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../../shared/events';
import { EventList } from '../components/event-list';
import { Inspector } from '../components/inspector';
import { Card, PageHead } from '../components/page';
import { Empty } from '../components/states';
import { counted, number } from '../format';
import { setParams, usePlace } from '../router';
import { useLive } from '../use-live';
import '../styles/events.css';

/** Kept while watching, paused or not: older ones are in the view of events. */
const KEPT_MAX = 500;
const SHOWN_MAX = 100;

const WORDS = { connecting: 'Connecting…', open: 'Live', broken: 'Not connected, trying again' };

export default function Live() {
  const filter = usePlace().params.get('filter') ?? '';
  const [shown, setShown] = useState<StoredEvent[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [waiting, setWaiting] = useState(0);
  const [perSecond, setPerSecond] = useState<number | null>(null);
  const [selected, setSelected] = useState<StoredEvent | null>(null);
  const kept = useRef<StoredEvent[]>([]);

  const connection = useLive({
    counts: ({ count }) => setPerSecond(count),
    sample: (event) => {
      kept.current = [event, ...kept.current].slice(0, KEPT_MAX);
      if (isPaused) setWaiting((before) => before + 1);
      else setShown(kept.current);
    },
  });

  function pause() {
    setPaused(!isPaused);
    setWaiting(0);
    if (isPaused) setShown(kept.current);
  }

  const found = shown.filter((event) => matches(event, filter)).slice(0, SHOWN_MAX);
  return (
    <>
      <PageHead title="Live" lead="At most 20 events a second are shown; all are counted.">
        <label class="field">
          <span>Filter</span>
          <input
            type="search"
            placeholder="a name or a value"
            value={filter}
            onInput={(event) => setParams({ filter: event.currentTarget.value || null }, 'replace')}
          />
        </label>
        <button type="button" class="button" aria-pressed={isPaused} onClick={pause}>
          {isPaused ? 'Resume' : 'Pause'}
        </button>
      </PageHead>
      <Card
        title="Arriving now"
        aside={
          <p class="state" data-state={isPaused ? 'wait' : connection === 'open' ? 'good' : 'bad'}>
            {isPaused ? `Paused, ${counted(waiting, 'event')} since` : WORDS[connection]}
            {!isPaused && perSecond !== null && `, ${number(perSecond)} per second`}
          </p>
        }
      >
        {found.length === 0 ? (
          <Empty>{filter ? 'No event seen so far is like this.' : 'Waiting for events…'}</Empty>
        ) : (
          <div class="events" data-inspecting={selected !== null}>
            <EventList events={found} selected={selected?.id} onSelect={setSelected} />
            {selected && <Inspector event={selected} onClose={() => setSelected(null)} />}
          </div>
        )}
      </Card>
    </>
  );
}

/** Whether every word of the filter stands in the event's name, properties, user or session. */
function matches(event: StoredEvent, filter: string): boolean {
  const { event: name, properties, user_id, session_id } = event;
  const text = JSON.stringify([name, properties, user_id, session_id]).toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
