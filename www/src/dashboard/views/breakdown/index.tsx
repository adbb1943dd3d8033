// One event, split by one of its properties, while others are held still.

import { breakdown, properties } from '../../api';
import { EventPicker } from '../../components/event-picker';
import { Card, PageHead, Select } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Empty, Shown } from '../../components/states';
import { counted, number } from '../../format';
import { changesFor, rangeIn, spanOf } from '../../range';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { Conditions } from './conditions';
import { ValueTable } from './value-table';

export default function BreakdownView() {
  const { params } = usePlace();
  const [event, property] = [params.get('event'), params.get('property')];
  return (
    <>
      <PageHead title="Breakdown" lead="An event, split by one of its properties.">
        <EventPicker
          value={event}
          onChange={(name) => setParams({ event: name, property: null, where: null })}
        />
        {event && <PropertyPicker key={event} event={event} value={property} />}
        <RangePicker />
      </PageHead>
      {event && property ? (
        <Split event={event} property={property} />
      ) : (
        <Empty>{event ? 'Choose the property to split it by.' : 'Choose an event to begin with.'}</Empty>
      )}
    </>
  );
}

function PropertyPicker({ event, value }: { event: string; value: string | null }) {
  const { data } = useAnswer(`properties ${event}`, (signal) => properties(event, signal));
  const names = (data ?? []).map(({ name }) => name);
  const known = value && !names.includes(value) ? [value, ...names] : names;
  return (
    <Select
      label="Split by"
      value={value ?? ''}
      options={[
        ...(value ? [] : ([['', data ? 'Choose a property' : 'Loading…']] as const)),
        ...known.map((name) => [name, name] as const),
      ]}
      onChange={(property) => setParams({ property: property || null })}
    />
  );
}

function Split({ event, property }: { event: string; property: string }) {
  const place = usePlace();
  const range = rangeIn(place);
  const where = place.params.getAll('where');
  const answer = useAnswer(
    JSON.stringify(['breakdown', event, property, where, changesFor(range)]),
    (signal) => breakdown(event, property, where, spanOf(range), signal),
  );
  const total = answer.data?.total;
  return (
    <Card
      title={`${event} by ${property}`}
      aside={
        total !== undefined && (
          <p class="muted small">
            {counted(total, 'event')}, {number(answer.data?.unique_users ?? 0)} users
          </p>
        )
      }
    >
      <Conditions where={where} />
      <Shown
        answer={answer}
        shape="table"
        empty={(data) => (data.total === 0 ? 'No event in this time is like this.' : null)}
      >
        {(data) => <ValueTable data={data} where={where} />}
      </Shown>
    </Card>
  );
}
