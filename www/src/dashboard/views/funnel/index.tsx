// How many go from one event to the next, and where they stop.

import { funnel } from '../../api';
import { Card, Choice, PageHead, Select } from '../../components/page';
import { RangePicker } from '../../components/range-picker';
import { Empty, Shown } from '../../components/states';
import { changesFor, rangeIn, spanOf } from '../../range';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { Result } from './result';
import { Steps } from './steps';
import './funnel.css';

const BY = [
  ['user', 'Users'],
  ['session', 'Sessions'],
] as const;

const WINDOWS: [string, string][] = [
  ['600', '10 minutes'],
  ['3600', '1 hour'],
  ['86400', '1 day'],
  ['604800', '7 days'],
  ['2592000', '30 days'],
];
const WINDOW_STANDARD = '86400';

export default function FunnelView() {
  const place = usePlace();
  const range = rangeIn(place);
  const steps = (place.params.get('steps') ?? '').split(',').filter(Boolean);
  const by = place.params.get('by') === 'session' ? 'session' : 'user';
  const window = WINDOWS.find(([seconds]) => seconds === place.params.get('window'))?.[0] ?? WINDOW_STANDARD;

  return (
    <>
      <PageHead title="Funnel" lead="How many go from one event to the next, and where they stop.">
        <Choice label="Who is counted" options={BY} value={by} onChange={(next) => setParams({ by: next })} />
        <Select
          label="Within"
          options={WINDOWS}
          value={window}
          onChange={(next) => setParams({ window: next === WINDOW_STANDARD ? null : next })}
        />
        <RangePicker />
      </PageHead>
      <Card title="Steps">
        <Steps steps={steps} onChange={(next) => setParams({ steps: next.join(',') || null })} />
      </Card>
      {steps.length < 2 ? (
        <Empty>Choose at least two steps.</Empty>
      ) : (
        <Answered
          steps={steps}
          by={by}
          windowSeconds={Number(window)}
          span={JSON.stringify(changesFor(range))}
        />
      )}
    </>
  );
}

interface AnsweredProps {
  steps: string[];
  by: 'user' | 'session';
  windowSeconds: number;
  span: string;
}

function Answered({ steps, by, windowSeconds, span }: AnsweredProps) {
  const range = rangeIn(usePlace());
  const answer = useAnswer(`funnel ${steps.join()} ${by} ${windowSeconds} ${span}`, (signal) =>
    funnel(steps, windowSeconds, by, spanOf(range), signal),
  );
  return (
    <Card title="Result">
      <Shown
        answer={answer}
        shape="table"
        empty={(data) => (data.steps[0]?.count ? null : `No ${by} took the first step in this time.`)}
      >
        {(data) => <Result data={data} />}
      </Shown>
    </Card>
  );
}
