// @ts-check
// The tables, as Markdown. docs/benchmarks.md keeps its prose; only what stands between the marks is replaced.

import { readFile, writeFile } from 'node:fs/promises';

/** What stands before and after a part's measurements. @param {string} part */
const marks = (part) => ({
  begin: `<!-- ${part}: begin (written by \`make bench\`) -->`,
  end: `<!-- ${part}: end -->`,
});

/**
 * @typedef {import('./measure.mjs').Ingest} Ingest
 *
 * @typedef {object} Measured
 * @property {string} database
 * @property {Ingest[]} ingest
 * @property {import('./measure.mjs').Copy | null} copy
 * @property {number | null} bytes_per_event
 * @property {Ingest[]} millions The first million rows, the second, and so on.
 *
 * @typedef {{ date: string, machine: string, command: string, measured: Measured[] }} Results
 */

const whole = (/** @type {number} */ n) => Math.round(n).toLocaleString('en');
const tenths = (/** @type {number} */ n) => n.toFixed(1);
const share = (/** @type {number} */ n) => `${Math.round(n * 100)}%`;

/** @param {Results} results */
export function markdown({ date, machine, command, measured }) {
  const parts = [`Measured on ${date}: ${machine}. Command: \`${command}\`.`];
  for (const { database, ingest, copy, bytes_per_event, millions } of measured) {
    parts.push(`### ${database}`);
    const header = [
      'batch',
      'connections',
      'events/s',
      'p50 ms',
      'p99 ms',
      'CPU us/event',
      'others',
      'memory MB',
    ];
    const rows = ingest.map((run) => [
      String(run.batch),
      String(run.connections),
      whole(run.events_per_s),
      tenths(run.p50_ms),
      tenths(run.p99_ms),
      cpuText(run.cpu),
      share(run.cpu.others),
      whole(run.rss_mb),
    ]);
    if (copy) {
      const { events_per_s, cpu } = copy;
      rows.push(['COPY', '2', whole(events_per_s), '', '', tenths(cpu.database_us), share(cpu.others), '']);
    }
    parts.push(table(header, rows));
    const failed = ingest.reduce((total, run) => total + run.failed, 0);
    const facts = [`Requests that failed: ${failed}.`];
    if (bytes_per_event !== null)
      facts.push(`On disk ${whole(bytes_per_event)} bytes an event, indexes included.`);
    const logged = ingest.find((run) => run.batch === 100 && run.log_bytes !== undefined);
    if (logged?.log_bytes) facts.push(`Written to the log ${whole(logged.log_bytes)} bytes an event.`);
    parts.push(facts.join(' '));
    if (millions.length > 0) parts.push(millionsTable(millions));
  }
  return parts.join('\n\n');
}

/** @param {import('./measure.mjs').Cpu} cpu */
function cpuText({ server_us, database_us }) {
  const sum = server_us + database_us;
  return database_us === 0 ? tenths(sum) : `${tenths(sum)} (${tenths(server_us)} + ${tenths(database_us)})`;
}

/** @param {Ingest[]} millions */
function millionsTable(millions) {
  const rows = millions.map((run, at) => [
    `${at + 1}.`,
    whole(run.events_per_s),
    tenths(run.p99_ms),
    cpuText(run.cpu),
    share(run.cpu.others),
  ]);
  return table(['million', 'events/s', 'p99 ms', 'CPU us/event', 'others'], rows);
}

/**
 * @param {string[]} header
 * @param {string[][]} rows
 */
export function table(header, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * @param {string} file
 * @param {string} text
 * @param {string} [part]
 */
export async function replaceMeasured(file, text, part = 'measured') {
  const page = await readFile(file, 'utf8');
  const mark = marks(part);
  const [begin, end] = [page.indexOf(mark.begin), page.indexOf(mark.end)];
  if (begin < 0 || end < begin)
    throw new Error(`${file} has no place for measurements: ${mark.begin} ... ${mark.end}`);
  await writeFile(file, `${page.slice(0, begin + mark.begin.length)}\n\n${text}\n\n${page.slice(end)}`);
}
