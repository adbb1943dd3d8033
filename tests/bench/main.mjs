// @ts-check
// The benchmarks' command line: events persisted a second and what each costs, on both databases.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { databasesOf } from '../support/databases.mjs';
import { Cluster } from '../support/cluster.mjs';
import { INGEST_KEY } from '../support/server.mjs';
import { loadgen, writeRequests } from './load.mjs';
import { machineText } from './machine.mjs';
import { measureCopy, measureIngest } from './measure.mjs';
import { markdown, replaceMeasured } from './report.mjs';
import { query, Target } from './target.mjs';

const HELP = `Benchmarks of the release binary: events persisted a second, latency, CPU and bytes an event.

  node tests/bench/main.mjs [options]

  --read                 how long answers take instead: see --read --help
  --database sqlite|postgres|both  [both]
  --batch N,N,...        events in a request [1,20,100]
  --connections N,N,...  kept alive [1,16,64]
  --seconds N            of each measurement, after a second of warm-up [5]
  --long                 ten million rows as well, in batches of 100 over 16 connections
  --write                put the tables into docs/benchmarks.md
  --help

Every measurement has a new, empty database; PostgreSQL runs with its default durability in a throwaway cluster.
On PostgreSQL, COPY of the rows just written into the same table is measured beside (at batch 100, 16
connections). "others" is the share of the machine that neither the server nor the database used: the load
generator, and whatever else runs. Where it is high, believe the CPU an event rather than the clock.
Results go to tests/.out/bench.json too. The server is target/release/pharos, or what PHAROS_BIN names.`;

const DOCS = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const OUT = fileURLToPath(new URL('../.out/', import.meta.url));
const MILLIONS = 10;
/** Where COPY is compared: what a busy server's clients send. */
const USUAL = { batch: 100, connections: 16 };
const LONG_MOST_S = 3_600;

/** @typedef {{ program: string, dir: string, batches: number[], connections: number[], seconds: number }} Plan */

function readOptions() {
  const args = process.argv.slice(2);
  const { values } = parseArgs({
    args,
    options: {
      database: { type: 'string', default: 'both' },
      batch: { type: 'string', default: '1,20,100' },
      connections: { type: 'string', default: '1,16,64' },
      seconds: { type: 'string', default: '5' },
      long: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  /** @param {'batch' | 'connections' | 'seconds'} name */
  const numbers = (name) => {
    const list = values[name].split(',').map(Number);
    if (list.every((n) => Number.isInteger(n) && n > 0)) return list;
    throw new Error(`--${name} is ${values[name]}: expected whole numbers, separated by commas`);
  };
  const databases = databasesOf(values.database);
  return {
    ...values,
    databases,
    command: ['node tests/bench/main.mjs', ...args].join(' '),
    batches: numbers('batch'),
    connections: numbers('connections'),
    seconds: numbers('seconds')[0] ?? 5,
  };
}

/**
 * Every batch size over every number of connections, each on a database of its own.
 * @param {Cluster | null} cluster
 * @param {Plan} plan
 */
async function measureAll(cluster, { program, dir, batches, connections, seconds }) {
  const ingest = [];
  let copy = null;
  let bytesPerEvent = null;
  for (const batch of batches) {
    for (const connectionsNow of connections) {
      const target = await Target.start(cluster, `bench_${batch}_${connectionsNow}`);
      try {
        const file = await requestsFor(target, dir, batch);
        const run = await measureIngest(target, {
          program,
          file,
          batch,
          connections: connectionsNow,
          seconds,
        });
        ingest.push(run);
        say(run);
        if (batch === USUAL.batch && connectionsNow === USUAL.connections) {
          bytesPerEvent = await target.bytesPerEvent();
          if (cluster) {
            copy = await measureCopy(target);
            console.log(
              `  COPY           ${Math.round(copy.events_per_s)} rows/s, ${copy.cpu.database_us.toFixed(1)} us`,
            );
          }
        }
      } finally {
        await target.remove();
      }
    }
  }
  return { ingest, copy, bytes_per_event: bytesPerEvent };
}

/**
 * One database, million after million.
 * @param {Cluster | null} cluster
 * @param {Plan} plan
 */
async function measureMillions(cluster, { program, dir }) {
  const { batch, connections } = USUAL;
  const target = await Target.start(cluster, 'bench_long');
  const millions = [];
  try {
    const file = await requestsFor(target, dir, batch);
    const load = { program, file, batch, connections, seconds: LONG_MOST_S, requests: 1_000_000 / batch };
    for (let million = 1; million <= MILLIONS; million++) {
      const run = await measureIngest(target, { ...load, warm: true });
      millions.push(run);
      say(run);
    }
  } finally {
    await target.remove();
  }
  return millions;
}

/**
 * @param {Target} target
 * @param {string} dir
 * @param {number} batch
 */
async function requestsFor(target, dir, batch) {
  const file = join(dir, `batch-${batch}`);
  await writeRequests(file, { host: new URL(target.server.origin).host, key: INGEST_KEY, batch });
  return file;
}

/** @param {import('./measure.mjs').Ingest} run */
function say({ batch, connections, events_per_s, p50_ms, p99_ms, cpu, rss_mb, failed }) {
  console.log(
    `  ${String(batch).padStart(3)} x ${String(connections).padEnd(3)}` +
      `${String(Math.round(events_per_s)).padStart(9)} events/s, p50 ${p50_ms} p99 ${p99_ms} ms, ` +
      `CPU ${cpu.server_us.toFixed(1)} + ${cpu.database_us.toFixed(1)} us, ` +
      `others ${Math.round(cpu.others * 100)}%, ${Math.round(rss_mb)} MB${failed ? `, ${failed} FAILED` : ''}`,
  );
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  const dir = await mkdtemp(join(tmpdir(), 'pharos-bench-requests-'));
  const plan = { ...options, program: loadgen(), dir };
  const measured = [];
  const machine = machineText();
  try {
    for (const database of options.databases) {
      const cluster = database === 'postgres' ? await Cluster.start() : null;
      try {
        let name = 'SQLite';
        if (cluster) {
          const rows = await query(cluster.url(), 'SHOW server_version');
          name = `PostgreSQL ${String(rows[0].server_version).split(' ')[0]}`;
        }
        console.log(name);
        const results = await measureAll(cluster, plan);
        const millions = options.long ? await measureMillions(cluster, plan) : [];
        measured.push({ database: name, ...results, millions });
      } finally {
        await cluster?.remove();
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const date = new Date().toISOString().slice(0, 10);
  const results = { date, machine, command: options.command, measured };
  await mkdir(OUT, { recursive: true });
  await writeFile(join(OUT, 'bench.json'), JSON.stringify(results, null, 2) + '\n');
  if (options.write) await replaceMeasured(DOCS, markdown(results));
}

if (process.argv[2] === '--read') {
  process.argv.splice(2, 1);
  await import('./read.mjs');
} else {
  await main().catch((error) => {
    console.error(`bench: ${error.stack}`);
    process.exitCode = 1;
  });
}
