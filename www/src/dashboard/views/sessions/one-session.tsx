// One session: its events in order, each with the time since the one before.

import { useState } from 'preact/hooks';
import type { StoredEvent } from '../../../shared/events';
import { sessionEvents } from '../../api';
import { Inspector } from '../../components/inspector';
import { Card, PageHead, Stat } from '../../components/page';
import { Shown } from '../../components/states';
import { dayAndTime, duration, number, timeWithSeconds } from '../../format';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import '../../styles/events.css';
import './sessions.css';

export function OneSession({ id }: { id: string }) {
  const answer = useAnswer(`session ${id}`, (signal) => sessionEvents(id, signal));
  const chosen = usePlace().params.get('id');
  const selected = answer.data?.events.find((event) => event.id === chosen) ?? null;
  return (
    <>
      <PageHead title="One session" lead={<span class="mono">{id}</span>}>
        <a class="button" href="/sessions">
          All sessions
        </a>
      </PageHead>
      <Shown answer={answer} shape="cards">
        {(session) => (
          <>
            <dl class="stats">
              <Stat label="Started" value={dayAndTime(session.started_at)} />
              <Stat label="Lasted" value={duration(secondsBetween(session.started_at, session.ended_at))} />
              <Stat label="Events" value={number(session.count)} />
            </dl>
            <Card title="What happened">
              <div class="events" data-inspecting={selected !== null}>
                <Timeline events={session.events} selected={chosen} />
                {selected && <Inspector event={selected} onClose={() => setParams({ id: null })} />}
              </div>
              {session.truncated && (
                <p class="muted">The session has more events: these are the last of them.</p>
              )}
            </Card>
          </>
        )}
      </Shown>
    </>
  );
}

const SHOWN_AT_FIRST = 200;

function Timeline({ events, selected }: { events: StoredEvent[]; selected: string | null }) {
  const [isLong, setLong] = useState(false);
  const shown = isLong ? events : events.slice(0, SHOWN_AT_FIRST);
  return (
    <div>
      <ol class="timeline">
        {shown.map((event, index) => {
          const before = events[index - 1];
          const pause = before ? secondsBetween(before.timestamp, event.timestamp) : 0;
          return (
            <li key={event.id} data-selected={event.id === selected}>
              <time class="muted" dateTime={event.timestamp}>
                {timeWithSeconds(event.timestamp)}
              </time>
              <button
                type="button"
                class="link mono"
                aria-expanded={event.id === selected}
                onClick={() => setParams({ id: event.id })}
              >
                {event.event}
              </button>
              <span class="muted small">{pause >= 1 && `after ${duration(Math.round(pause))}`}</span>
            </li>
          );
        })}
      </ol>
      {shown.length < events.length && (
        <button type="button" class="button" onClick={() => setLong(true)}>
          Show all {number(events.length)}
        </button>
      )}
    </div>
  );
}

function secondsBetween(from: string, to: string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}
