// Alerts: the rules and their state, what changed lately, and whether notifications get through.

import { useState } from 'preact/hooks';
import { alerts, testAlert, type AlertRule, type AlertTest, type Alerts } from '../../api';
import { useAction } from '../../components/dialog';
import { Card, PageHead } from '../../components/page';
import { Problem, Shown } from '../../components/states';
import { useAnswer } from '../../use-answer';
import { History } from './history';
import { RuleForm } from './rule-form';
import { Rules } from './rules';
import './alerts.css';

const INTERVAL_MS = 15_000;

export default function AlertsView() {
  const answer = useAnswer('alerts', alerts, INTERVAL_MS);
  const [edited, setEdited] = useState<AlertRule | 'new' | null>(null);

  return (
    <>
      <PageHead title="Alerts" lead="What is watched, and one notification for each change of state.">
        <button type="button" class="button primary" onClick={() => setEdited('new')}>
          New rule
        </button>
      </PageHead>
      <Card title="Rules">
        <Shown answer={answer} shape="table">
          {({ rules }) => <Rules rules={rules} onEdit={setEdited} />}
        </Shown>
      </Card>
      <div class="columns alerts-foot">
        <Card title="History">
          <Shown
            answer={answer}
            shape="table"
            empty={({ history }) => (history.length === 0 ? 'No rule has changed its state yet.' : null)}
          >
            {({ history }) => <History history={history} />}
          </Shown>
        </Card>
        <Card title="Notifications">
          <Shown answer={answer} shape="lines">
            {({ webhook }) => <Webhook webhook={webhook} />}
          </Shown>
        </Card>
      </div>
      {edited && (
        <RuleForm
          rule={edited === 'new' ? null : edited}
          onClose={() => setEdited(null)}
          onSaved={() => {
            setEdited(null);
            answer.again();
          }}
        />
      )}
    </>
  );
}

function Webhook({ webhook: { configured, last_status } }: { webhook: Alerts['webhook'] }) {
  const [result, setResult] = useState<AlertTest | null>(null);
  const { busy, error, run } = useAction(async () => {
    setResult(null);
    setResult(await testAlert());
  });
  if (!configured) {
    return (
      <p>
        No webhook is set, so changes are only listed here. Set <code>TELEMETRY_ALERT_WEBHOOK_URL</code> and
        restart the server.
      </p>
    );
  }
  return (
    <>
      <p class="state" data-state={last_status === null ? '' : last_status < 300 ? 'good' : 'bad'}>
        {last_status === null ? 'Nothing was sent yet' : `The webhook last answered ${last_status}`}
      </p>
      {error && <Problem error={error} />}
      {result?.sent && (
        <p class="note" role="status">
          Sent; the webhook answered {result.status}.
        </p>
      )}
      {result && !result.sent && <Problem error={new Error(result.detail ?? 'It was not sent.')} />}
      <div class="buttons">
        <button type="button" class="button" disabled={busy} onClick={() => run()}>
          Send a test
        </button>
      </div>
    </>
  );
}
