// Makes a rule of one's own, or changes one. Built-in rules keep their name and what they watch.

import { useState } from 'preact/hooks';
import {
  changeAlert,
  createAlert,
  deleteAlert,
  type AlertChange,
  type AlertRule,
  type Severity,
} from '../../api';
import { Dialog, useAction } from '../../components/dialog';
import { useEventNames } from '../../components/event-picker';
import { Select } from '../../components/page';
import { Problem } from '../../components/states';
import { TIME_ZONE } from '../../range';

interface RuleFormProps {
  /** None: a new one. */
  rule: AlertRule | null;
  onClose: () => void;
  onSaved: () => void;
}

const SEVERITIES: [Severity, string][] = [
  ['info', 'Info'],
  ['warning', 'Warning'],
  ['critical', 'Critical'],
];

/** What a rule's threshold is a number of. */
const LIMITS: Record<AlertRule['kind'], string> = {
  low_event_rate: 'Share of the usual, 0 to 1',
  no_data: '',
  high_error_rate: 'Share of all events, 0 to 1',
  spool_growing: 'Bytes',
  threshold: 'Events',
};

const NEW = {
  name: '',
  event: '',
  comparison: 'below' as 'above' | 'below',
  threshold: '10',
  window_minutes: '60',
  severity: 'warning' as Severity,
  quiet: false,
  quiet_start: '22:00',
  quiet_end: '07:00',
};
type Fields = typeof NEW;

export function RuleForm({ rule, onClose, onSaved }: RuleFormProps) {
  const [fields, setFields] = useState<Fields>(() => (rule ? fieldsOf(rule) : NEW));
  const set = (change: Partial<Fields>) => setFields((before) => ({ ...before, ...change }));
  const isOwn = rule === null || !rule.builtin;
  const save = useAction(async () => {
    if (rule) await changeAlert(rule.id, changeFrom(fields, rule));
    else await createAlert(changeFrom(fields, null));
    onSaved();
  });
  const remove = useAction(async () => {
    if (rule) await deleteAlert(rule.id);
    onSaved();
  });
  const error = save.error ?? remove.error;

  return (
    <Dialog title={rule ? `Edit ${rule.name}` : 'New rule'} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          save.run();
        }}
      >
        {isOwn && <Watched fields={fields} set={set} />}
        <div class="form-row">
          {(isOwn || rule.threshold !== null) && (
            <label class="field">
              <span>{LIMITS[rule?.kind ?? 'threshold']}</span>
              <input
                type="number"
                required
                min="0"
                step="any"
                value={fields.threshold}
                onInput={(event) => set({ threshold: event.currentTarget.value })}
              />
            </label>
          )}
          <label class="field">
            <span>Within, in minutes</span>
            <input
              type="number"
              required
              min="1"
              step="1"
              value={fields.window_minutes}
              onInput={(event) => set({ window_minutes: event.currentTarget.value })}
            />
          </label>
          <Select
            label="Severity"
            options={SEVERITIES}
            value={fields.severity}
            onChange={(severity) => set({ severity: severity as Severity })}
          />
        </div>
        <QuietHours fields={fields} set={set} />
        {error && <Problem error={error} />}
        <div class="buttons">
          <button type="submit" class="button primary" disabled={save.busy}>
            Save
          </button>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          {rule && !rule.builtin && (
            <button type="button" class="button danger" disabled={remove.busy} onClick={() => remove.run()}>
              Delete the rule
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

interface PartProps {
  fields: Fields;
  set: (change: Partial<Fields>) => void;
}

function Watched({ fields, set }: PartProps) {
  const names = useEventNames();
  const known = fields.event && !names.includes(fields.event) ? [fields.event, ...names] : names;
  return (
    <>
      <label class="field">
        <span>Name</span>
        <input
          required
          maxLength={100}
          value={fields.name}
          onInput={(event) => set({ name: event.currentTarget.value })}
        />
      </label>
      <div class="form-row">
        <Select
          label="Event"
          options={[['', 'All events'], ...known.map((name) => [name, name] as const)]}
          value={fields.event}
          onChange={(event) => set({ event })}
        />
        <Select
          label="Fires when there are"
          options={[
            ['below', 'fewer than'],
            ['above', 'more than'],
          ]}
          value={fields.comparison}
          onChange={(comparison) => set({ comparison: comparison as 'above' | 'below' })}
        />
      </div>
    </>
  );
}

function QuietHours({ fields, set }: PartProps) {
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={fields.quiet}
          onChange={(event) => set({ quiet: event.currentTarget.checked })}
        />
        Quiet hours: no notification
      </label>
      {fields.quiet && (
        <div class="form-row">
          <label class="field">
            <span>From</span>
            <input
              type="time"
              required
              value={fields.quiet_start}
              onInput={(event) => set({ quiet_start: event.currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>To</span>
            <input
              type="time"
              required
              value={fields.quiet_end}
              onInput={(event) => set({ quiet_end: event.currentTarget.value })}
            />
          </label>
        </div>
      )}
    </>
  );
}

function fieldsOf(rule: AlertRule): Fields {
  return {
    name: rule.name,
    event: rule.event ?? '',
    comparison: rule.comparison ?? 'below',
    threshold: String(rule.threshold ?? ''),
    window_minutes: String(rule.window_minutes),
    severity: rule.severity,
    quiet: rule.quiet_hours !== null,
    quiet_start: rule.quiet_hours?.start ?? NEW.quiet_start,
    quiet_end: rule.quiet_hours?.end ?? NEW.quiet_end,
  };
}

function changeFrom(fields: Fields, rule: AlertRule | null): AlertChange {
  const time_zone = rule?.quiet_hours?.time_zone ?? TIME_ZONE;
  const change: AlertChange = {
    enabled: rule?.enabled ?? true,
    window_minutes: Number(fields.window_minutes),
    severity: fields.severity,
    quiet_hours: fields.quiet ? { start: fields.quiet_start, end: fields.quiet_end, time_zone } : null,
  };
  if (!rule || rule.threshold !== null) change.threshold = Number(fields.threshold);
  if (rule?.builtin) return change;
  return { ...change, name: fields.name, event: fields.event || null, comparison: fields.comparison };
}
