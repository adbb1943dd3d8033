// @ts-check
// The crash oracle's command line: options, a line of progress, the verdict.

import { parseArgs } from 'node:util';
import { databasesOf } from '../support/databases.mjs';
import { VIOLATIONS } from './checker.mjs';
import { FAULTS } from './faults.mjs';
import { runOracle } from './run.mjs';

const HELP = `The crash oracle: is anything that the server acknowledged ever lost, doubled or altered?

Writers send uniquely numbered events and keep a history of every verdict, while the server is killed and frozen,
PostgreSQL is stopped at once, its connection is cut, slowed and stalled, and the disk fills up. At the end the
history is compared with the table. Exit code 0: nothing is wrong. 1: something is. 2: it could not run.

  node tests/oracle/main.mjs [options]

  --database sqlite|postgres|both  [both]
  --faults N      of each kind [5]
  --only K,K,...  these kinds of fault: ${FAULTS.map(({ kind }) => kind).join(', ')}
  --seconds N     write at least this long [0]
  --writers N     [8]
  --rate N        events a second while nothing is broken [1000]
  --seed N        repeat this plan; a run prints its own [from the clock]
  --keep          keep the history file and print where it is
  --help

The server is target/release/pharos, or what PHAROS_BIN names. PostgreSQL's programs must be installed; the
cluster is a throwaway one. Filling the disk needs root, to mount a small one.`;

/** @param {string[]} args */
function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      database: { type: 'string', default: 'both' },
      faults: { type: 'string', default: '5' },
      only: { type: 'string' },
      seconds: { type: 'string', default: '0' },
      writers: { type: 'string', default: '8' },
      rate: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  /** @param {'faults' | 'seconds' | 'writers' | 'rate' | 'seed'} name @param {number} least */
  const whole = (name, least) => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number >= least) return number;
    throw new Error(`--${name} is ${values[name]}: expected a whole number of at least ${least}`);
  };
  const databases = databasesOf(values.database);
  const only = values.only?.split(',');
  const unknown = only?.find((kind) => !FAULTS.some((fault) => fault.kind === kind));
  if (unknown !== undefined) throw new Error(`--only names ${unknown}: no fault is called so`);
  return {
    help: values.help,
    databases,
    plan: {
      faults: whole('faults', 0),
      only,
      seconds: whole('seconds', 0),
      writers: whole('writers', 1),
      rate: whole('rate', 1),
      seed: whole('seed', 0),
      keep: values.keep,
    },
  };
}

/** @param {import('./run.mjs').Progress} progress */
function showProgress({ elapsed_s, faults, broken, events, resolved }) {
  if (!process.stderr.isTTY) return;
  const count = Object.values(faults).reduce((total, n) => total + n, 0);
  const now = broken.length > 0 ? `now ${broken.join(' and ')}` : '';
  const text = `${elapsed_s.toFixed(0)} s  ${events} events, ${events - resolved} pending, ${count} faults  ${now}`;
  process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

/**
 * @param {string} database
 * @param {import('./run.mjs').RunReport} report
 */
function showReport(database, report) {
  const { totals, violations } = report;
  const pairs = (/** @type {Record<string, number>} */ counts) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  console.log(`${database}, ${report.seconds.toFixed(0)} s`);
  console.log(`  faults    ${pairs(report.faults)}`);
  for (const line of report.skipped) console.log(`  skipped   ${line}`);
  console.log(
    `  sent      ${totals.events} events (${totals.valid} valid), ${totals.times} times in ${totals.attempts} requests`,
  );
  console.log(
    `  answered  ${totals.answered} with verdicts, ${totals.refused} "not now", ${totals.silent} not at all`,
  );
  console.log(`  verdicts  ${pairs(totals.told)}`);
  console.log(`  rows      ${totals.rows}, server's memory at most ${report.peakRssMb.toFixed(0)} MB`);
  for (const note of report.notes) console.log(`  note      ${note}`);
  console.log(`  result    ${pairs(violations)}`);
  for (const detail of report.details) console.log(`    ${detail}`);
  for (const [kind, meaning] of Object.entries(VIOLATIONS)) {
    if (violations[kind]) console.log(`    ${kind}: ${meaning}`);
  }
  if (report.historyFile) console.log(`  history   ${report.historyFile}`);
}

async function main() {
  const { help, databases, plan } = readOptions(process.argv.slice(2));
  if (help) return console.log(HELP);
  console.log(`seed ${plan.seed} (--seed ${plan.seed} repeats this plan)`);
  let clean = true;
  for (const database of databases) {
    const report = await runOracle({ database, ...plan }, showProgress);
    showReport(database, report);
    clean &&= Object.values(report.violations).every((count) => count === 0);
  }
  if (!clean) process.exitCode = 1;
}

main().catch((error) => {
  console.error(`oracle: ${error.message}`);
  process.exitCode = 2;
});
