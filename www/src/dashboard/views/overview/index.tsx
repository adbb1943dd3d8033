// The overview: what is happening now, and how the last hour went. While nothing has ever been stored it leads
// to the page that shows how to send a first event.

import { useEffect } from 'preact/hooks';
import { dashboard, delivery, recentEvents } from '../../api';
import { Card, PageHead } from '../../components/page';
import { Shown } from '../../components/states';
import { counted, timeOfDay } from '../../format';
import { spanOf } from '../../range';
import { go } from '../../router';
import { useAnswer } from '../../use-answer';
import { Activity } from './activity';
import { HealthCard } from './health';
import { Numbers } from './numbers';
import { Pulse } from './pulse';
import { Received, TopEvents } from './lists';
import './overview.css';

const INTERVAL_MS = 5000;
const DELIVERY_INTERVAL_MS = 30_000;

export default function Overview() {
  const answer = useAnswer('dashboard', dashboard, INTERVAL_MS);
  const arrival = useAnswer(
    'delivery',
    (signal) => delivery(spanOf({ preset: '1h' }), signal),
    DELIVERY_INTERVAL_MS,
  );
  useFirstRun();

  return (
    <>
      <PageHead title="Overview" lead="Now, and the last hour." />
      <Pulse />
      <Shown answer={answer} shape="cards">
        {(data) => (
          <>
            <Numbers data={data} delivery={arrival.data} />
            <Card
              title="The last hour"
              aside={
                <p class="muted small">
                  {timeOfDay(data.start)} to {timeOfDay(data.end)}, {counted(data.total_events, 'event')}
                </p>
              }
            >
              <Activity activity={data.activity} />
            </Card>
            <div class="columns">
              <TopEvents data={data} />
              <Received data={data} />
              <HealthCard health={data.health} />
            </div>
          </>
        )}
      </Shown>
    </>
  );
}

/** Goes to the first-run page if there is no event at all, however old. */
function useFirstRun() {
  useEffect(() => {
    const stop = new AbortController();
    void recentEvents({ limit: 1 }, stop.signal).then(
      (events) => events.length === 0 && go('/start', 'replace'),
      // Then the overview stays, with its own report of what failed.
      () => {},
    );
    return () => stop.abort();
  }, []);
}
