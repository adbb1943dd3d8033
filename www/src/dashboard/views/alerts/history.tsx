// What changed lately, and whether anybody was told.

import type { AlertChangeOfState } from '../../api';
import { DataTable } from '../../components/data-table';
import { dayAndTime } from '../../format';

const BECAME = { firing: 'firing', ok: 'OK', unknown: 'not known' };
const NOTIFIED = { sent: 'told', failed: 'could not be told', quiet: 'quiet hours', none: 'no webhook' };

export function History({ history }: { history: AlertChangeOfState[] }) {
  return (
    <DataTable
      label="Changes of state"
      csvName="alerts"
      rows={history}
      keyOf={({ id }) => String(id)}
      columns={[
        {
          name: 'at',
          title: 'When',
          cell: ({ at }) => <span class="muted">{dayAndTime(at)}</span>,
          csv: ({ at }) => at,
        },
        {
          name: 'name',
          title: 'Rule',
          isHeading: true,
          cell: ({ name, detail }) => (
            <span class="clip" title={detail ?? undefined}>
              {name}
            </span>
          ),
          csv: ({ name }) => name,
        },
        {
          name: 'state',
          title: 'Became',
          cell: ({ state }) => (
            <span class="state" data-state={state === 'firing' ? 'bad' : state === 'ok' ? 'good' : ''}>
              {BECAME[state]}
            </span>
          ),
          csv: ({ state }) => state,
        },
        {
          name: 'notified',
          title: 'Webhook',
          cell: ({ notified }) => <span class="muted">{NOTIFIED[notified]}</span>,
          csv: ({ notified }) => notified,
        },
      ]}
    />
  );
}
