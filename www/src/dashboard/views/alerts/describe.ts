// What a rule watches, in a sentence; and all that it says, as the server takes it back.

import type { AlertChange, AlertRule } from '../../api';
import { bytes, duration, number, percent } from '../../format';

export function describe({
  kind,
  event,
  comparison,
  threshold,
  window_minutes,
  quiet_hours,
}: AlertRule): string {
  const time = duration(window_minutes * 60);
  const limit = threshold ?? 0;
  const what = {
    low_event_rate: `Fewer than ${percent(limit)} of the events usual for this hour of the week, over ${time}`,
    no_data: `No event at all for ${time}, where some are usual`,
    high_error_rate: `More than ${percent(limit)} of the events could not be taken or stored, over ${time}`,
    spool_growing: `More than ${bytes(limit)} waiting on the disk for ${time}`,
    threshold: `${comparison === 'above' ? 'More' : 'Fewer'} than ${number(limit)} of ${event ?? 'all events'} in ${time}`,
  }[kind];
  const quiet = quiet_hours
    ? `; no notification from ${quiet_hours.start} to ${quiet_hours.end} (${quiet_hours.time_zone})`
    : '';
  return `${what}${quiet}.`;
}

/** A rule as it is, to be sent with some of it changed: of one's own the server wants the whole. */
export function definitionOf(rule: AlertRule): AlertChange {
  const { name, event, comparison, enabled, threshold, window_minutes, severity, quiet_hours } = rule;
  const builtin = { enabled, threshold, window_minutes, severity, quiet_hours };
  return rule.builtin ? builtin : { ...builtin, name, event, comparison };
}
