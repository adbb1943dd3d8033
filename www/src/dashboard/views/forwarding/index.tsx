// Where events are sent on to: what waits and for how long, what was sent, and what was given up and why.

import { failedForwards, forwarders, type Forwarder } from '../../api';
import { Card, PageHead } from '../../components/page';
import { Shown } from '../../components/states';
import { counted } from '../../format';
import { useAnswer } from '../../use-answer';
import { Destination, NAMES } from './destination';
import { FailedTable } from './failed-table';

const LIMIT = 500;
/** As often as the server looks for what is to be sent, and then some. */
const EVERY_MS = 5000;

export default function Forwarding() {
  const destinations = useAnswer('forwarders', forwarders, EVERY_MS);
  const failed = useAnswer('failed forwards', (signal) => failedForwards(LIMIT, signal), EVERY_MS);

  return (
    <>
      <PageHead
        title="Forwarding"
        lead="What becomes of events that are sent on to others, such as Google Analytics or a webhook."
      />
      <Shown
        answer={destinations}
        shape="cards"
        empty={(all) =>
          all.length === 0
            ? 'Events are not sent on to anybody. TELEMETRY_GA4_… and TELEMETRY_FORWARD_WEBHOOK_… in the settings of the server say to whom.'
            : null
        }
      >
        {(all) => all.map((one: Forwarder) => <Destination key={one.name} of={one} onRetry={failed.again} />)}
      </Shown>
      <Card
        title="Given up"
        aside={
          failed.data && <p class="muted small">{counted(failed.data.length, 'event')}, the last first</p>
        }
      >
        <Shown
          answer={failed}
          shape="table"
          empty={(events) =>
            events.length === 0 ? 'Every event that was to be sent on was taken, or still waits.' : null
          }
        >
          {(events) => <FailedTable events={events} names={NAMES} />}
        </Shown>
      </Card>
    </>
  );
}
