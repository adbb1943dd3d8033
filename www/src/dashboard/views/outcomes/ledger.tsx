// The outcomes, and within them the reasons; all of them add up to what was received.

import type { OutcomeSum, Outcomes } from '../../api';
import { Bar, DataTable } from '../../components/data-table';
import { number, percent } from '../../format';
import { inWords, outcomeHelp, outcomeName, OUTCOME_ORDER } from '../../words';

export function Ledger({ data }: { data: Outcomes }) {
  const rows = [...data.outcomes].sort(
    (a, b) => OUTCOME_ORDER.indexOf(a.outcome) - OUTCOME_ORDER.indexOf(b.outcome) || b.count - a.count,
  );
  return (
    <>
      <p class="received-sum">
        <strong>{number(data.received)}</strong> events received
      </p>
      <DataTable
        label="Outcomes of the events received"
        csvName="outcomes"
        rows={rows}
        keyOf={({ outcome, reason }) => `${outcome} ${reason}`}
        columns={[
          {
            name: 'outcome',
            title: 'Outcome',
            isHeading: true,
            cell: (row) => outcomeName(row.outcome),
            csv: (row) => row.outcome,
          },
          { name: 'reason', title: 'Why', cell: why, csv: (row) => row.reason },
          {
            name: 'bar',
            title: 'Bar',
            isTitleHidden: true,
            cell: (row) => <Bar share={row.count / data.received} />,
          },
          {
            name: 'count',
            title: 'Events',
            isNumber: true,
            cell: (row) => number(row.count),
            csv: (row) => row.count,
          },
          {
            name: 'share',
            title: 'Share',
            isNumber: true,
            cell: (row) => <span class="muted">{percent(row.count / data.received)}</span>,
            csv: (row) => row.count / data.received,
          },
        ]}
      />
    </>
  );
}

function why({ outcome, reason }: OutcomeSum) {
  if (outcome === 'invalid' && reason) {
    return <a href={`/quarantine?code=${encodeURIComponent(reason)}`}>{inWords(reason)}</a>;
  }
  return <span class="muted">{reason ? inWords(reason) : outcomeHelp(outcome)}</span>;
}
