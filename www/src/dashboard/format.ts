// How numbers and times are written, in one place and in the reader's own language and time zone.

import type { Period } from './range';

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const one = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const change = new Intl.NumberFormat(undefined, {
  style: 'percent',
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

/** What stands where there is no number. */
export const NONE = '–';

/** `12,345`. */
export const number = (value: number): string => whole.format(value);

/** `12.3K`: for axes and tight places. */
export const compact = (value: number): string => short.format(value);

/** `4.2`. */
export const decimal = (value: number): string => one.format(value);

/** `99.5%`; a dash where there is nothing to take a share of. Never rounds to a whole or to nothing. */
export function percent(value: number | null | undefined): string {
  if (value == null) return NONE;
  if (value > 0 && value < 0.0005) return `< ${share.format(0.001)}`;
  if (value < 1 && value > 0.9995) return `> ${share.format(0.999)}`;
  return share.format(value);
}

/** `+12.5%`; where it is more than tenfold, `×40`. */
export const delta = (value: number): string =>
  value < 9 ? change.format(value) : `×${short.format(Math.round(value + 1))}`;

/** `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${one.format(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours < 24) return rest ? `${hours} h ${rest} min` : `${hours} h`;
  const [days, left] = [Math.floor(hours / 24), hours % 24];
  return left ? `${days} d ${left} h` : `${days} d`;
}

/** `1.4 MB`. */
export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${one.format(value / 1000 ** power)} ${units[power]}`;
}

const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(undefined, { hourCycle: 'h23', ...options });
const clock = format({ hour: '2-digit', minute: '2-digit' });
const clockSeconds = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = format({ weekday: 'short', day: 'numeric', month: 'short' });
const dayShort = format({ day: 'numeric', month: 'short' });
const dayYear = format({ day: 'numeric', month: 'short', year: 'numeric' });
const dayClock = format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const dayClockSeconds = format({
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const month = format({ month: 'long', year: 'numeric' });

/** Takes the server's text or a date; passes on as it is what is no time. */
const written =
  (as: Intl.DateTimeFormat) =>
  (moment: string | Date): string => {
    const date = new Date(moment);
    return Number.isNaN(date.getTime()) ? String(moment) : as.format(date);
  };

/** `14:03`. */
export const timeOfDay = written(clock);
/** `14:03:27`. */
export const timeWithSeconds = written(clockSeconds);
/** `23 Nov`. */
export const dayAndMonth = written(dayShort);
/** `23 Nov 2026`. */
export const fullDay = written(dayYear);
/** `23 Nov, 14:03`. */
export const dayAndTime = written(dayClock);
/** `23 Nov, 14:03:27`. */
export const moment = written(dayClockSeconds);

/** The start of an interval, as precise as the interval is long. */
export const intervalName: Record<Period, (moment: string | Date) => string> = {
  hour: written(
    format({ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
  ),
  day: written(day),
  week: (start) => `Week of ${written(dayShort)(start)}`,
  month: written(month),
};

/** A mark of a time axis on which nothing lies closer together than `stepS` seconds; empty where there is no need. */
export function axisTime(date: Date, stepS: number): string {
  if (stepS < 60) return clockSeconds.format(date);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (stepS >= 86_400 && !isMidnight) return '';
  return isMidnight ? dayShort.format(date) : clock.format(date);
}

/** `just now`, `12 s ago`, `3 min ago`, `2 d 4 h ago`. */
export function ago(then: string | Date, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - new Date(then).getTime()) / 1000));
  return seconds < 2 ? 'just now' : `${duration(seconds)} ago`;
}

/** `1 event`, `2 events`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${whole.format(count)} ${count === 1 ? noun : plural}`;
}
