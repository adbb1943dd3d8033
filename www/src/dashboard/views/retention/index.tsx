// Who comes back: people by the day or week they were first seen, and the share of them seen again later.

import { retention } from '../../api';
import { EventPicker } from '../../components/event-picker';
import { Card, Choice, PageHead } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Shown } from '../../components/states';
import { changesFor, daysOf, labelOf, rangeIn, spanOf } from '../../range';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { CohortTable } from './cohort-table';
import './retention.css';

const PERIODS = [
  ['week', 'Weeks'],
  ['day', 'Days'],
] as const;
/** The server follows no more cohorts than this. */
const COHORTS_MAX = 60;

export default function RetentionView() {
  const place = usePlace();
  const range = rangeIn(place, '30d');
  const periods = PERIODS.filter(([name]) => name === 'week' || daysOf(spanOf(range)) <= COHORTS_MAX);
  const period = periods.find(([name]) => name === place.params.get('period'))?.[0] ?? 'week';
  const event = place.params.get('event');
  const answer = useAnswer(`retention ${period} ${event} ${JSON.stringify(changesFor(range))}`, (signal) =>
    retention(period, event, spanOf(range), signal),
  );
  return (
    <>
      <PageHead
        title="Retention"
        lead={`Who comes back, ${labelOf(range).toLowerCase()}. Who came before that is new in it.`}
      >
        <EventPicker all="Any event" value={event} onChange={(name) => setParams({ event: name })} />
        {periods.length > 1 && (
          <Choice
            label="Length of a period"
            options={periods}
            value={period}
            onChange={(next) => setParams({ period: next === 'week' ? null : next })}
          />
        )}
        <RangePicker standard="30d" />
      </PageHead>
      <Card title={`By the ${period} of the first event`}>
        <Shown
          answer={answer}
          shape="table"
          empty={(data) =>
            data.cohorts.every(({ size }) => size === 0) ? 'No known user was first seen in this time.' : null
          }
        >
          {(data) => <CohortTable data={data} />}
        </Shown>
      </Card>
    </>
  );
}
