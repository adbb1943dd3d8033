// The range of time a view shows: named ones, which move with the clock, and days of one's own. Days begin and
// end in the reader's time zone, which is also the one the server is asked to count in.

import type { Place, Changes } from './router';

export const PRESETS = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  today: 'Today',
  yesterday: 'Yesterday',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
} as const;

export type Preset = keyof typeof PRESETS;

/** A named range, or the days from `from` to `to`, both included, as `2026-11-23`. */
export type Range = { preset: Preset } | { from: string; to: string };

/** Half-open. */
export interface Span {
  start: Date;
  end: Date;
}

export type Period = 'hour' | 'day' | 'week' | 'month';

/** The server answers for at most this many days. */
export const DAYS_MAX = 400;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The reader's time zone, an IANA name. */
export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** The range in an address; `standard` where there is none, or none that makes sense. */
export function rangeIn({ params }: Place, standard: Preset = '7d'): Range {
  const [from, to, preset] = [params.get('from'), params.get('to'), params.get('range')];
  if (from && to && !problemWith(from, to)) return { from, to };
  return { preset: preset && Object.hasOwn(PRESETS, preset) ? (preset as Preset) : standard };
}

/** What to change in an address so that it has this range. */
export function changesFor(range: Range): Changes {
  return 'preset' in range
    ? { range: range.preset, from: null, to: null }
    : { range: null, from: range.from, to: range.to };
}

/** Why these two days make no range; null if they do. */
export function problemWith(from: string, to: string): string | null {
  const [first, last] = [dayOf(from), dayOf(to)];
  if (!first || !last) return 'Choose a first and a last day.';
  if (first > last) return 'The first day is after the last.';
  if (last.getTime() - first.getTime() >= DAYS_MAX * DAY_MS) return `At most ${DAYS_MAX} days.`;
  return null;
}

/** The moments a range begins and ends. */
export function spanOf(range: Range, now = new Date()): Span {
  if (!('preset' in range)) {
    const [from, to] = [dayOf(range.from), dayOf(range.to)];
    return { start: from ?? midnight(now), end: midnight(to ?? now, 1) };
  }
  switch (range.preset) {
    case '1h':
      return { start: new Date(now.getTime() - HOUR_MS), end: now };
    case '24h':
      return { start: new Date(now.getTime() - DAY_MS), end: now };
    case 'today':
      return { start: midnight(now), end: now };
    case 'yesterday':
      return { start: midnight(now, -1), end: midnight(now) };
    case '7d':
    case '30d':
    case '90d':
      return { start: midnight(now, 1 - Number.parseInt(range.preset, 10)), end: now };
  }
}

/** The span before, moved by whole days so that the same hours and weekdays meet, as far as this one has come. */
export function spanBefore(range: Range, now = new Date()): Span {
  const { start, end } = spanOf(range, now);
  if ('preset' in range && range.preset === '1h')
    return moved(start, end, (d) => new Date(d.getTime() - HOUR_MS));
  // An hour less: the day on which clocks change has 25.
  const days = Math.max(1, Math.ceil(daysOf({ start, end }) - 1 / 24));
  return moved(start, end, (d) => sameTime(d, -days));
}

/** The intervals that make a readable chart of a range, the best one first. */
export function periodsFor(range: Range): Period[] {
  const days = daysOf(spanOf(range));
  if (days <= 1.1) return ['hour'];
  if (days <= 4) return ['hour', 'day'];
  if (days <= 15) return ['day', 'hour'];
  if (days <= 75) return ['day', 'hour', 'week'];
  return ['day', 'week', 'month'];
}

/** How long a span is. */
export function daysOf({ start, end }: Span): number {
  return (end.getTime() - start.getTime()) / DAY_MS;
}

/** A range in words. */
export function labelOf(range: Range): string {
  if ('preset' in range) return PRESETS[range.preset];
  const [from, to] = [dayOf(range.from), dayOf(range.to)];
  if (!from || !to) return '';
  return range.from === range.to ? DAY.format(from) : DAY.formatRange(from, to);
}

/** The parameters by which the server is asked about a span. */
export function spanParams({ start, end }: Span): { start: string; end: string; time_zone: string } {
  return { start: start.toISOString(), end: end.toISOString(), time_zone: TIME_ZONE };
}

/** A day as date inputs write it, `2026-11-23`, in the reader's time zone. */
export function isoDay(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

function dayOf(text: string): Date | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts) return null;
  const date = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  return isoDay(date) === text ? date : null;
}

function midnight(date: Date, days = 0): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}

/** The same time of day, some days away: not always 24 hours, where clocks change. */
function sameTime(date: Date, days: number): Date {
  const there = new Date(date);
  there.setDate(there.getDate() + days);
  return there;
}

function moved(start: Date, end: Date, by: (date: Date) => Date): Span {
  return { start: by(start), end: by(end) };
}
