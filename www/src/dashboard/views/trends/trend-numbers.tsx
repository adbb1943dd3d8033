// The whole range in numbers, against the one before.

import type { Metrics, Report } from '../../api';
import { Stat } from '../../components/page';
import { Trend, change } from '../../components/trend';
import { NONE, number } from '../../format';

interface TrendNumbersProps {
  current: Metrics;
  before: Metrics;
  /** Distinct people cannot be added up over intervals: they come from the report. */
  report: Report | null;
  event: string | null;
}

export function TrendNumbers({ current, before, report, event }: TrendNumbersProps) {
  const [now, then] = [sum(current), sum(before)];
  const users = event
    ? (report?.events.find((row) => row.event === event)?.unique_users ?? (report ? 0 : null))
    : (report?.unique_users ?? null);
  return (
    <dl class="stats">
      <Stat
        label="Events"
        value={number(now)}
        note={<Trend value={change(now, then)} before={`from ${number(then)}`} />}
      />
      <Stat
        label="Users"
        value={users === null ? NONE : number(users)}
        note={
          !event && report ? (
            <Trend
              value={report.trends.unique_users}
              before={`from ${number(report.previous.unique_users)}`}
            />
          ) : (
            'about'
          )
        }
      />
      {!event && (
        <Stat
          label="Sessions"
          value={report ? number(report.unique_sessions) : NONE}
          note={
            report && (
              <Trend
                value={report.trends.unique_sessions}
                before={`from ${number(report.previous.unique_sessions)}`}
              />
            )
          }
        />
      )}
      <Stat label="Events per user" value={users ? number(Math.round((now / users) * 10) / 10) : NONE} />
    </dl>
  );
}

function sum({ intervals }: Metrics): number {
  return intervals.reduce((total, { count }) => total + count, 0);
}
