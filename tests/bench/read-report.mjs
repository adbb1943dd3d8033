// @ts-check
// The read benchmark's tables, as Markdown.

import { table } from './report.mjs';

/**
 * @typedef {import('./read-measure.mjs').Measured} Measured
 * @typedef {{ database: string, sizes: Measured[] }} OfDatabase
 * @typedef {{ date: string, machine: string, command: string, measured: OfDatabase[] }} Results
 */

/** @param {number} n */
function ms(n) {
  if (n === Infinity) return 'over a minute';
  return n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString('en');
}

/** @param {Results} results */
export function markdown({ date, machine, command, measured }) {
  const parts = [`Measured on ${date}: ${machine}. Command: \`${command}\`.`];
  for (const { database, sizes } of measured) {
    parts.push(`### ${database}`);
    const header = ['p50 / p95, ms', ...sizes.map(({ events }) => `${events / 1_000_000} million`)];
    const [first, last] = [sizes[0], sizes.at(-1)];
    if (sizes.length > 1) header.push('p95, last to first');
    header.push(...sizes.map(({ events }) => `plain SQL, ${events / 1_000_000} million`));
    const rows = (first?.answered ?? []).map(({ name, p95_ms }, at) => {
      const of = (/** @type {Measured | undefined} */ size) => size?.answered[at];
      const times = sizes.map((size) => `${ms(of(size)?.p50_ms ?? NaN)} / ${ms(of(size)?.p95_ms ?? NaN)}`);
      const ratio = sizes.length > 1 ? [((of(last)?.p95_ms ?? NaN) / p95_ms).toFixed(2)] : [];
      const sql = sizes.map((size) => ms(of(size)?.sql_ms ?? NaN));
      return [name, ...times, ...ratio, ...sql];
    });
    parts.push(table(header, rows));
    const written = sizes.map((size) => Math.round(size.written_per_s).toLocaleString('en')).join(' and ');
    const failed = sizes.reduce((sum, size) => sum + size.failed, 0);
    parts.push(`Written meanwhile: ${written} events a second. Requests that failed: ${failed}.`);
  }
  return parts.join('\n\n');
}
