// Where did my events go: every event received has one outcome, and what never arrived is counted too.

import { delivery, outcomes } from '../../api';
import { Card, PageHead } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Shown } from '../../components/states';
import { changesFor, labelOf, rangeIn, spanOf } from '../../range';
import { usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { DeliveryCard } from './delivery';
import { Ledger } from './ledger';
import { OutcomeChart } from './outcome-chart';

export default function OutcomesView() {
  const range = rangeIn(usePlace(), '24h');
  const key = JSON.stringify(changesFor(range));
  const ledger = useAnswer(`outcomes ${key}`, (signal) => outcomes(spanOf(range), signal));
  const arrival = useAnswer(`delivery ${key}`, (signal) => delivery(spanOf(range), signal));

  return (
    <>
      <PageHead
        title="Outcomes"
        lead={`Where the events went that were received, ${labelOf(range).toLowerCase()}.`}
      >
        <RangePicker standard="24h" />
      </PageHead>
      <Card title="What became of them">
        <Shown
          answer={ledger}
          shape="table"
          empty={(data) => (data.received === 0 ? 'Nothing was received in this time.' : null)}
        >
          {(data) => <Ledger data={data} />}
        </Shown>
      </Card>
      <Card title="Hour by hour">
        <Shown answer={ledger} shape="chart">
          {(data) => <OutcomeChart data={data} />}
        </Shown>
      </Card>
      <Card title="What never arrived">
        <Shown answer={arrival} shape="lines">
          {(data) => <DeliveryCard data={data} />}
        </Shown>
      </Card>
    </>
  );
}
