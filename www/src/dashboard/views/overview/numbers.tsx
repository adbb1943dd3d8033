// The last hour in a row of numbers.

import type { Dashboard, Delivery } from '../../api';
import { Stat } from '../../components/page';
import { Sparkline } from '../../components/sparkline';
import { Trend, change } from '../../components/trend';
import { number, percent } from '../../format';

interface NumbersProps {
  data: Dashboard;
  delivery: Delivery | null;
}

export function Numbers({ data, delivery }: NumbersProps) {
  const { activity } = data;
  return (
    <dl class="stats">
      <Stat
        label="Events"
        value={number(data.total_events)}
        note={
          <Trend value={change(data.total_events, data.previous_total_events)} before="vs. the hour before" />
        }
      >
        <Sparkline values={activity.map(({ count }) => count)} />
      </Stat>
      <Stat label="Active users" value={number(data.unique_users)} note="about, this hour">
        <Sparkline values={activity.map(({ users }) => users)} />
      </Stat>
      <Stat label="Sessions" value={number(data.unique_sessions)} note="about, this hour">
        <Sparkline values={activity.map(({ sessions }) => sessions)} />
      </Stat>
      <Stat
        label="Delivered"
        value={percent(delivery?.rate)}
        note={
          delivery === null || delivery.rate === null
            ? 'no numbered events'
            : `${number(delivery.arrived)} of ${number(delivery.expected)} events`
        }
      />
      <Stat
        label="Not taken or stored"
        value={percent(data.health.error_rate)}
        note={<a href="/outcomes?range=24h">where events go</a>}
      />
    </dl>
  );
}
