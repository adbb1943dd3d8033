// @ts-check
// The read benchmark's command line: how long answers take while events are written, at one million events and at
// ten, beside plain SQL on the same table.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { databasesOf } from '../support/databases.mjs';
import { Cluster } from '../support/cluster.mjs';
import { INGEST_KEY, SECRET_KEY, Server } from '../support/server.mjs';
import { machineText } from './machine.mjs';
import { fill } from './read-fill.mjs';
import { measureReads, sqliteFile } from './read-measure.mjs';
import { markdown } from './read-report.mjs';
import { replaceMeasured } from './report.mjs';
import { query } from './target.mjs';

const HELP = `How long answers take: eight readers ask for the dashboard, a week by hour and a report of 30 days in turn,
each as soon as it has its answer, while 2,000 events a second are written; then one reader asks for a breakdown
and a funnel over 7 days; then the same by plain SQL on the table.

  node tests/bench/read.mjs [options]

  --database sqlite|postgres|both  [both]
  --millions N,N,...     events in the table, over 30 days [1,10]
  --seconds N            of the eight readers [20]
  --data DIR             keep what was filled in there, and use it again
  --postgres URL         a PostgreSQL server to use instead of a throwaway one, its databases are kept
  --fill                 fill only, measure nothing
  --no-sql               leave out the plain SQL
  --write                put the table into docs/benchmarks.md
  --help

Filling ten millions takes minutes and some 6 GB for each database, and is done by psql and sqlite3. Results go to
tests/.out/read.json too. The server is target/release/pharos, or what PHAROS_BIN names.`;

const DOCS = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const OUT = fileURLToPath(new URL('../.out/', import.meta.url));
const DAYS = 30;
const KEYS = { TELEMETRY_INGEST_KEY: INGEST_KEY, TELEMETRY_SECRET_KEY: SECRET_KEY };
const SETTINGS = { TELEMETRY_LOG: 'warn', TELEMETRY_PEPPER: 'a pepper for benchmarks, long enough to pass' };

function readOptions() {
  const args = process.argv.slice(2).filter((arg) => arg !== '--');
  const { values } = parseArgs({
    args,
    options: {
      database: { type: 'string', default: 'both' },
      millions: { type: 'string', default: '1,10' },
      seconds: { type: 'string', default: '20' },
      data: { type: 'string' },
      postgres: { type: 'string' },
      fill: { type: 'boolean', default: false },
      'no-sql': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const millions = values.millions.split(',').map(Number);
  const seconds = Number(values.seconds);
  if (![...millions, seconds].every((n) => n > 0))
    throw new Error('--millions and --seconds take numbers above 0');
  const databases = databasesOf(values.database);
  return {
    ...values,
    databases,
    millions,
    seconds,
    command: ['node tests/bench/read.mjs', ...withoutPlaces(args)].join(' '),
  };
}

/**
 * What another machine would be asked for: where things are kept on this one is left out.
 * @param {string[]} args
 */
function withoutPlaces(args) {
  const isPlace = (/** @type {string | undefined} */ arg) => arg === '--data' || arg === '--postgres';
  return args.filter((arg, at) => !isPlace(arg) && !isPlace(args[at - 1]));
}

/**
 * A data directory, and a database if it is PostgreSQL's, with so many events.
 * @param {Cluster | null} cluster
 * @param {string | undefined} serverUrl
 * @param {string} dir
 * @param {number} millions
 */
async function filled(cluster, serverUrl, dir, millions) {
  const name = `read_${String(millions).replace('.', '_')}m`;
  const dataDir = join(dir, (serverUrl ? 'postgres_' : 'sqlite_') + name);
  await mkdir(dataDir, { recursive: true });
  let url = '';
  let isNew = !existsSync(sqliteFile(dataDir));
  if (serverUrl) {
    url = cluster ? cluster.url(name) : new URL(`/${name}`, serverUrl).href;
    const found = await query(serverUrl, `SELECT 1 FROM pg_database WHERE datname = '${name}'`);
    isNew = found.length === 0;
    if (isNew) await query(serverUrl, `CREATE DATABASE ${name}`);
  }
  const env = { ...SETTINGS, ...(url ? { DATABASE_URL: url } : {}) };
  const server = new Server(dataDir, { env });
  const events = Math.round(millions * 1_000_000);
  if (isNew)
    await fill(
      { url, dataDir, env: { ...env, ...KEYS, TELEMETRY_DATA_DIR: dataDir } },
      { events, days: DAYS },
    );
  return { server, url, dataDir };
}

/** @param {import('./read-measure.mjs').Measured} measured */
function say({ events, answered, written_per_s, failed }) {
  console.log(
    `  ${events} events at the start, ${Math.round(written_per_s)} written a second, ${failed} requests failed`,
  );
  for (const { name, p50_ms, p95_ms, asked, sql_ms } of answered) {
    const sql = sql_ms === null ? '' : `, SQL ${Math.round(sql_ms)} ms`;
    console.log(
      `  ${name.padEnd(28)} p50 ${p50_ms.toFixed(1)} p95 ${p95_ms.toFixed(1)} ms (${asked} times)${sql}`,
    );
  }
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  const dir = options.data ?? (await mkdtemp(join(tmpdir(), 'pharos-read-')));
  const measured = [];
  try {
    for (const database of options.databases) {
      const cluster = database === 'postgres' && !options.postgres ? await Cluster.start() : null;
      try {
        const serverUrl = database === 'postgres' ? (options.postgres ?? cluster?.url()) : undefined;
        const version = serverUrl ? await query(serverUrl, 'SHOW server_version') : [];
        const name = serverUrl ? `PostgreSQL ${String(version[0].server_version).split(' ')[0]}` : 'SQLite';
        const sizes = [];
        for (const millions of options.millions) {
          console.log(`${name}, ${millions} million`);
          const { server, url, dataDir } = await filled(cluster, serverUrl, dir, millions);
          if (options.fill) continue;
          await server.start();
          try {
            const postmaster = await cluster?.pid();
            const pids = [server.pid, postmaster].filter((pid) => pid !== undefined);
            const how = {
              url,
              file: sqliteFile(dataDir),
              pids,
              seconds: options.seconds,
              sql: !options['no-sql'],
            };
            const events = millions * 1_000_000;
            const one = { events, ...(await measureReads(server, how)) };
            say(one);
            sizes.push(one);
          } finally {
            await server.stop();
          }
        }
        measured.push({ database: name, sizes });
      } finally {
        await cluster?.remove();
      }
    }
  } finally {
    if (!options.data) await rm(dir, { recursive: true, force: true });
  }
  if (options.fill) return;
  const results = {
    date: new Date().toISOString().slice(0, 10),
    machine: machineText(),
    command: options.command,
    measured,
  };
  await mkdir(OUT, { recursive: true });
  await writeFile(join(OUT, 'read.json'), JSON.stringify(results, null, 2) + '\n');
  if (options.write) await replaceMeasured(DOCS, markdown(results), 'answers');
}

main().catch((error) => {
  console.error(`bench: ${error.stack}`);
  process.exitCode = 1;
});
