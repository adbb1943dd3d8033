// How often an event happens, interval by interval, beside the period before.

import { metrics, report } from '../../api';
import { EventPicker } from '../../components/event-picker';
import { Card, Choice, PageHead } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Shown } from '../../components/states';
import { changesFor, labelOf, periodsFor, rangeIn, spanBefore, spanOf, type Period } from '../../range';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { EventTable } from './event-table';
import { TrendChart } from './trend-chart';
import { TrendNumbers } from './trend-numbers';

const MEASURES = [
  ['count', 'Events'],
  ['unique_users', 'Users'],
  ['unique_sessions', 'Sessions'],
] as const;
export type Measure = (typeof MEASURES)[number][0];

const PERIOD_NAMES: Record<Period, string> = { hour: 'Hours', day: 'Days', week: 'Weeks', month: 'Months' };

export default function Trends() {
  const place = usePlace();
  const range = rangeIn(place);
  const event = place.params.get('event');
  const periods = periodsFor(range);
  const period = periods.find((one) => one === place.params.get('period')) ?? periods[0] ?? 'day';
  const measure = MEASURES.find(([name]) => name === place.params.get('measure'))?.[0] ?? 'count';
  const spanKey = JSON.stringify(changesFor(range));

  const answer = useAnswer(`trends ${spanKey} ${period} ${event}`, async (signal) => {
    const now = new Date();
    const [current, before] = await Promise.all([
      metrics(spanOf(range, now), period, event, signal),
      metrics(spanBefore(range, now), period, event, signal),
    ]);
    return { current, before };
  });
  // Asked for apart: distinct people cannot be added up, and intervals may reach beyond the range.
  const totals = useAnswer(`totals ${spanKey}`, async (signal) => {
    const now = new Date();
    const [current, before] = await Promise.all([
      report(spanOf(range, now), signal),
      report(spanBefore(range, now), signal),
    ]);
    return { current, before };
  });

  return (
    <>
      <PageHead title="Trends" lead={`${event ?? 'All events'}, ${labelOf(range).toLowerCase()}.`}>
        <EventPicker all="All events" value={event} onChange={(name) => setParams({ event: name })} />
        <RangePicker />
      </PageHead>
      <Shown answer={totals} shape="cards">
        {(data) => <TrendNumbers {...data} event={event} />}
      </Shown>
      <Card
        title={`${MEASURES.find(([name]) => name === measure)?.[1]} over time`}
        aside={
          <div class="controls">
            <Choice
              label="What is counted"
              options={MEASURES}
              value={measure}
              onChange={(name) => setParams({ measure: name === 'count' ? null : name })}
            />
            {periods.length > 1 && (
              <Choice
                label="Length of an interval"
                options={periods.map((one) => [one, PERIOD_NAMES[one]] as const)}
                value={period}
                onChange={(one) => setParams({ period: one === periods[0] ? null : one })}
              />
            )}
          </div>
        }
      >
        <Shown answer={answer} shape="chart">
          {(data) => <TrendChart {...data} measure={measure} event={event} />}
        </Shown>
      </Card>
      <Card title="Every event">
        <Shown
          answer={totals}
          shape="table"
          empty={({ current }) => (current.events.length === 0 ? 'Nothing happened in this time.' : null)}
        >
          {(data) => <EventTable {...data} chosen={event} />}
        </Shown>
      </Card>
    </>
  );
}
