// What the SDK numbered and the server did not get, and what pages said they had to give up.

import type { Delivery } from '../../api';
import { Stat } from '../../components/page';
import { Sparkline } from '../../components/sparkline';
import { number, percent } from '../../format';
import { inWords } from '../../words';

export function DeliveryCard({ data }: { data: Delivery }) {
  return (
    <>
      <dl class="stats">
        <Stat label="Delivered" value={percent(data.rate)} note="of the events that pages numbered">
          <Sparkline values={data.hours.map(({ rate }) => rate ?? 1)} />
        </Stat>
        <Stat label="Numbered by pages" value={number(data.expected)} />
        <Stat
          label="Missing"
          value={number(Math.max(0, data.expected - data.arrived))}
          note="not seen by the server"
        />
      </dl>
      <h3>Given up by pages, and reported</h3>
      {data.dropped.length === 0 ? (
        <p class="muted">None.</p>
      ) : (
        <dl class="facts">
          {data.dropped.map(({ reason, count }) => (
            <div key={reason}>
              <dt>{inWords(reason)}</dt>
              <dd>{number(count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
