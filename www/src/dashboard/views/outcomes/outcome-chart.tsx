// The ledger by hour of receipt. What was stored and what was not are two charts: beside thousands of the one,
// a few of the other could not be seen, and they are what one is looking for.

import { useMemo } from 'preact/hooks';
import type { Outcomes } from '../../api';
import { Chart, type Line } from '../../components/chart';
import { DataTable } from '../../components/data-table';
import { intervalName, number } from '../../format';
import { outcomeName, OUTCOME_ORDER } from '../../words';

const HOUR_S = 3600;
const STORED = 'accepted';

const LOOKS: Record<string, Pick<Line, 'look' | 'tone'>> = {
  accepted: { look: 'area', tone: 'accent' },
  duplicate: { look: 'line', tone: 'quiet' },
  invalid: { look: 'line', tone: 'bad' },
  quarantined: { look: 'line', tone: 'wait' },
  filtered: { look: 'dashed', tone: 'accent' },
  refused: { look: 'dashed', tone: 'bad' },
};

export function OutcomeChart({ data }: { data: Outcomes }) {
  const { times, names, stored, others, rows } = useMemo(() => seriesOf(data), [data]);
  const hour = (seconds: number) => intervalName.hour(new Date(seconds * 1000));
  const shared = { times, value: number, time: hour, height: 200, hasLegend: true };
  return (
    <>
      <div class="columns">
        {stored.length > 0 && (
          <div>
            <Chart {...shared} label="Events stored in each hour" lines={stored} />
          </div>
        )}
        {others.length > 0 && (
          <div>
            <Chart
              {...shared}
              label="Events received and not stored in each hour, by outcome"
              lines={others}
            />
          </div>
        )}
      </div>
      <details class="as-table">
        <summary>Show as a table</summary>
        <DataTable
          label="Outcomes by hour"
          csvName="outcomes-by-hour"
          rows={rows}
          keyOf={({ at }) => String(at)}
          columns={[
            {
              name: 'hour',
              title: 'Hour',
              isHeading: true,
              cell: ({ at }) => hour(at),
              csv: ({ at }) => new Date(at * 1000).toISOString(),
            },
            ...names.map((name) => ({
              name,
              title: outcomeName(name),
              isNumber: true,
              cell: ({ counts }: HourRow) => number(counts[name] ?? 0),
              csv: ({ counts }: HourRow) => counts[name] ?? 0,
            })),
          ]}
        />
      </details>
    </>
  );
}

interface HourRow {
  at: number;
  counts: Record<string, number>;
}

/** The server leaves out hours in which nothing came: in a chart they are zero. */
function seriesOf({ start, end, hours, outcomes }: Outcomes) {
  const seconds = (moment: string) => new Date(moment).getTime() / 1000;
  const rows: HourRow[] = [];
  const at = new Map<number, HourRow>();
  for (let hour = Math.floor(seconds(start) / HOUR_S) * HOUR_S; hour < seconds(end); hour += HOUR_S) {
    const row = { at: hour, counts: {} };
    rows.push(row);
    at.set(hour, row);
  }
  for (const { hour, outcome, count } of hours) {
    const counts = at.get(seconds(hour))?.counts;
    if (counts) counts[outcome] = (counts[outcome] ?? 0) + count;
  }
  const names = OUTCOME_ORDER.filter((name) => outcomes.some(({ outcome }) => outcome === name));
  const line = (name: string): Line => ({
    label: outcomeName(name),
    values: rows.map(({ counts }) => counts[name] ?? 0),
    ...(LOOKS[name] ?? { look: 'line', tone: 'quiet' }),
  });
  return {
    times: rows.map((row) => row.at),
    names,
    stored: names.filter((name) => name === STORED).map(line),
    others: names.filter((name) => name !== STORED).map(line),
    rows,
  };
}
