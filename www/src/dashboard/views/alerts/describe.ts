// What a rule watches, in a sentence.

import type { AlertRule } from '../../api';
import { duration, number, percent } from '../../format';

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
    no_data: `No event at all for ${time}`,
    high_error_rate: `More than ${percent(limit)} of the events refused, over ${time}`,
    spool_growing: `The spool on disk has grown for ${time}`,
    threshold: `${comparison === 'above' ? 'More' : 'Fewer'} than ${number(limit)} of ${event ?? 'all events'} in ${time}`,
  }[kind];
  const quiet = quiet_hours
    ? `; no notification from ${quiet_hours.start} to ${quiet_hours.end} (${quiet_hours.time_zone})`
    : '';
  return `${what}${quiet}.`;
}
