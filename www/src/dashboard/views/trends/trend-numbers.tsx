// The whole range in numbers, against the one before.

import type { Report } from '../../api';
import { Stat } from '../../components/page';
import { Trend, change } from '../../components/trend';
import { NONE, decimal, number } from '../../format';

interface TrendNumbersProps {
  current: Report;
  before: Report;
  event: string | null;
}

export function TrendNumbers({ current, before, event }: TrendNumbersProps) {
  const [now, then] = [numbersIn(current, event), numbersIn(before, event)];
  return (
    <dl class="stats">
      <Against label="Events" now={now.events} then={then.events} />
      <Against label="Users" now={now.users} then={then.users} />
      {!event && <Against label="Sessions" now={current.unique_sessions} then={before.unique_sessions} />}
      <Stat label="Events per user" value={now.users ? decimal(now.events / now.users) : NONE} />
    </dl>
  );
}

function Against({ label, now, then }: { label: string; now: number; then: number }) {
  const note = now + then > 0 && <Trend value={change(now, then)} before={`from ${number(then)}`} />;
  return <Stat label={label} value={number(now)} note={note} />;
}

/** Of one event, or of all. */
function numbersIn(report: Report, event: string | null): { events: number; users: number } {
  if (event === null) return { events: report.total_events, users: report.unique_users };
  const row = report.events.find((one) => one.event === event);
  return { events: row?.count ?? 0, users: row?.unique_users ?? 0 };
}
