// For a new project: the snippet, and the first event as soon as it is there.

import { recentEvents } from '../api';
import { Card, PageHead } from '../components/page';
import { Shown } from '../components/states';
import { Snippet } from '../components/snippet';
import { moment } from '../format';
import { useAnswer } from '../use-answer';
import type { ViewProps } from '../views';

const INTERVAL_MS = 2000;

export default function Start({ ingestKey }: ViewProps) {
  const answer = useAnswer('first-event', (signal) => recentEvents({ limit: 1 }, signal), INTERVAL_MS);
  const first = answer.data?.[0];
  return (
    <>
      <PageHead title="Send a first event" lead="Two steps, and this page notices by itself." />
      <Snippet ingestKey={ingestKey} />
      <Card title={first ? 'The first event is here' : 'Waiting for the first event'}>
        <Shown answer={answer} shape="lines">
          {() =>
            first ? (
              <div role="status" class="form">
                <p class="state" data-state="good">
                  <span>
                    <strong class="mono">{first.event}</strong> at {moment(first.timestamp)}
                  </span>
                </p>
                <p class="buttons">
                  <a class="button primary" href="/">
                    Go to the overview
                  </a>
                  <a class="button" href="/events">
                    Look at the event
                  </a>
                </p>
              </div>
            ) : (
              <p role="status" class="state" data-state="wait">
                <span>
                  Nothing has been stored yet. Put the snippet into a page and open it, or click around in the{' '}
                  <a href="/demo/">demo shop</a>.
                </span>
              </p>
            )
          }
        </Shown>
      </Card>
    </>
  );
}
