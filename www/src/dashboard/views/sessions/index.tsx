// Sessions: the newest, or one of them, event by event.

import { sessions } from '../../api';
import { DataTable } from '../../components/data-table';
import { Card, PageHead } from '../../components/page';
import { Shown } from '../../components/states';
import { dayAndTime, duration, number } from '../../format';
import { usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { OneSession } from './one-session';

const LIMIT = 100;

export default function Sessions() {
  const id = usePlace().params.get('session');
  return id ? <OneSession key={id} id={id} /> : <SessionList />;
}

function SessionList() {
  const answer = useAnswer('sessions', (signal) => sessions(LIMIT, signal));
  return (
    <>
      <PageHead title="Sessions" lead="Visits of the last 30 days, the last active first." />
      <Card title="Newest sessions">
        <Shown
          answer={answer}
          shape="table"
          empty={(found) => (found.length === 0 ? 'No session has been seen.' : null)}
        >
          {(found) => (
            <DataTable
              label="Newest sessions"
              csvName="sessions"
              rows={found}
              keyOf={({ session_id }) => session_id}
              columns={[
                {
                  name: 'session_id',
                  title: 'Session',
                  isHeading: true,
                  cell: ({ session_id }) => (
                    <a class="mono clip" href={`/sessions?session=${encodeURIComponent(session_id)}`}>
                      {session_id}
                    </a>
                  ),
                  csv: (row) => row.session_id,
                },
                {
                  name: 'started_at',
                  title: 'Started',
                  cell: (row) => dayAndTime(row.started_at),
                  csv: (row) => row.started_at,
                },
                {
                  name: 'duration_seconds',
                  title: 'Lasted',
                  isNumber: true,
                  cell: (row) => duration(secondsOf(row)),
                  csv: secondsOf,
                },
                {
                  name: 'count',
                  title: 'Events',
                  isNumber: true,
                  cell: (row) => number(row.count),
                  csv: (row) => row.count,
                },
                {
                  name: 'first_event',
                  title: 'First',
                  cell: (row) => <span class="mono muted">{row.first_event}</span>,
                  csv: (row) => row.first_event,
                },
                {
                  name: 'last_event',
                  title: 'Last',
                  cell: (row) => <span class="mono muted">{row.last_event}</span>,
                  csv: (row) => row.last_event,
                },
                {
                  name: 'user_id',
                  title: 'User',
                  cell: ({ user_id }) =>
                    user_id && (
                      <a class="mono" href={`/events?user=${encodeURIComponent(user_id)}`}>
                        {user_id.slice(0, 8)}
                      </a>
                    ),
                  csv: (row) => row.user_id,
                },
              ]}
            />
          )}
        </Shown>
      </Card>
    </>
  );
}

function secondsOf({ started_at, ended_at }: { started_at: string; ended_at: string }): number {
  return (new Date(ended_at).getTime() - new Date(started_at).getTime()) / 1000;
}
