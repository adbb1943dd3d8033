// Events a second, as they arrive: two minutes that move.

import { useMemo, useState } from 'preact/hooks';
import type { LiveCounts } from '../../api';
import { Chart } from '../../components/chart';
import { Card } from '../../components/page';
import { number, timeWithSeconds } from '../../format';
import { useLive } from '../../use-live';

const SECONDS = 120;
/** The number shown is a mean over these: a single second says little. */
const MEAN_S = 5;

const WORDS = { connecting: 'Connecting…', open: 'Live', broken: 'Not connected, trying again' };

export function Pulse() {
  const [seconds, setSeconds] = useState<number[]>([]);
  const [end, setEnd] = useState(() => Math.floor(Date.now() / 1000));
  const connection = useLive({
    counts: ({ at, count }: LiveCounts) => {
      setSeconds((before) => [...before, count].slice(-SECONDS));
      setEnd(Math.floor(new Date(at).getTime() / 1000));
    },
  });
  const latest = seconds.slice(-MEAN_S);
  const mean = latest.length ? latest.reduce((sum, count) => sum + count, 0) / latest.length : 0;
  const { times, lines } = useMemo(() => {
    const values = [...Array<null>(SECONDS - seconds.length).fill(null), ...seconds];
    return {
      times: values.map((_, index) => end - SECONDS + 1 + index),
      lines: [{ label: 'Events', values, look: 'area' as const, tone: 'accent' as const }],
    };
  }, [seconds, end]);

  return (
    <Card
      title="Events per second"
      class="pulse"
      aside={
        <p class="state" data-state={connection === 'open' ? 'good' : connection === 'broken' ? 'bad' : ''}>
          {WORDS[connection]}
        </p>
      }
    >
      <p class="pulse-now" data-events-per-second={mean}>
        {number(Math.round(mean * 10) / 10)}
        <span class="muted"> mean of the last {MEAN_S} seconds</span>
      </p>
      <Chart
        label="Events per second during the last two minutes; the number above it is the latest"
        times={times}
        lines={lines}
        height={150}
        value={number}
        time={(at) => timeWithSeconds(new Date(at * 1000))}
      />
    </Card>
  );
}
