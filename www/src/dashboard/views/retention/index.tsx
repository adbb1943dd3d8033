// Who comes back: people by the day or week they were first seen, and the share of them seen again later.

import { retention } from '../../api';
import { EventPicker } from '../../components/event-picker';
import { Card, Choice, PageHead } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Shown } from '../../components/states';
import { changesFor, labelOf, rangeIn, spanOf } from '../../range';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { CohortTable } from './cohort-table';
import './retention.css';

const PERIODS = [
  ['day', 'Days'],
  ['week', 'Weeks'],
] as const;

export default function RetentionView() {
  const place = usePlace();
  const range = rangeIn(place, '30d');
  const period = place.params.get('period') === 'day' ? 'day' : 'week';
  const event = place.params.get('event');
  const answer = useAnswer(`retention ${period} ${event} ${JSON.stringify(changesFor(range))}`, (signal) =>
    retention(period, event, spanOf(range), signal),
  );
  return (
    <>
      <PageHead title="Retention" lead={`Who comes back, ${labelOf(range).toLowerCase()}.`}>
        <EventPicker
          label="Counts as coming back"
          all="Any event"
          value={event}
          onChange={(name) => setParams({ event: name })}
        />
        <Choice
          label="Length of a period"
          options={PERIODS}
          value={period}
          onChange={(next) => setParams({ period: next })}
        />
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
