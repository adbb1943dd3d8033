// The rules with their state, the firing ones first.

import { useState } from 'preact/hooks';
import { changeAlert, type AlertRule } from '../../api';
import { Problem } from '../../components/states';
import { ago } from '../../format';
import { definitionOf, describe } from './describe';

const ORDER = { firing: 0, unknown: 1, ok: 2 };
const STATES = { firing: 'Firing', unknown: 'Not known yet', ok: 'OK' };
const MARKS = { firing: 'bad', unknown: '', ok: 'good' };

export function Rules({ rules, onEdit }: { rules: AlertRule[]; onEdit: (rule: AlertRule) => void }) {
  const sorted = [...rules].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  return (
    <ul class="rules">
      {sorted.map((rule) => (
        <Rule key={rule.id} rule={rule} onEdit={onEdit} />
      ))}
    </ul>
  );
}

function Rule({ rule, onEdit }: { rule: AlertRule; onEdit: (rule: AlertRule) => void }) {
  const [isEnabled, setEnabled] = useState(rule.enabled);
  const [error, setError] = useState<Error | null>(null);

  function toggle(enabled: boolean) {
    setEnabled(enabled);
    setError(null);
    changeAlert(rule.id, { ...definitionOf(rule), enabled }).catch((cause: Error) => {
      setEnabled(!enabled);
      setError(cause);
    });
  }

  return (
    <li data-enabled={isEnabled}>
      <div class="rule-state">
        <p class="state" data-state={isEnabled ? MARKS[rule.state] : ''}>
          {isEnabled ? STATES[rule.state] : 'Off'}
        </p>
        {isEnabled && rule.since && <p class="muted small">for {ago(rule.since).replace(' ago', '')}</p>}
      </div>
      <div class="rule-text">
        <p>
          <strong>{rule.name}</strong> <span class="tag">{rule.severity}</span>{' '}
          {!rule.builtin && <span class="tag">own</span>}
        </p>
        <p class="muted small">{describe(rule)}</p>
        {rule.state === 'firing' && isEnabled && rule.detail && <p class="small">{rule.detail}</p>}
        {error && <Problem error={error} />}
      </div>
      <div class="rule-actions">
        <label class="check">
          <input
            type="checkbox"
            checked={isEnabled}
            aria-label={`${rule.name} is on`}
            onChange={(event) => toggle(event.currentTarget.checked)}
          />
          On
        </label>
        <button type="button" class="button" aria-label={`Edit ${rule.name}`} onClick={() => onEdit(rule)}>
          Edit
        </button>
      </div>
    </li>
  );
}
