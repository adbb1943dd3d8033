// @ts-check
// One run on one database: set up, write under faults, let everything come to rest, check, clean up.

import { execFile } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Cluster } from '../support/cluster.mjs';
import { BINARY, SECRET_KEY, Server } from '../support/server.mjs';
import { until } from '../support/wait.mjs';
import { check } from './checker.mjs';
import { Disk } from './disk.mjs';
import { FAULTS, revive, runFaults } from './faults.mjs';
import { History, readHistory } from './history.mjs';
import { Proxy } from './proxy.mjs';
import { random } from './random.mjs';
import { postgresCount, postgresRows, sqliteRows } from './table.mjs';
import { pause, Writer } from './writer.mjs';

/**
 * @typedef {object} Options
 * @property {'sqlite' | 'postgres'} database
 * @property {number} faults Of each kind.
 * @property {string[] | undefined} [only] These kinds of fault and no others.
 * @property {number} seconds At least this long.
 * @property {number} writers
 * @property {number} rate Events a second, all writers together, while nothing is broken.
 * @property {number} seed
 * @property {boolean} [keep] Whether the history stays where it is.
 *
 * @typedef {{ elapsed_s: number, faults: Record<string, number>, broken: string[], events: number, resolved: number }} Progress
 *
 * @typedef {import('./checker.mjs').Report & {
 *   faults: Record<string, number>, skipped: string[], notes: string[], historyFile: string | null,
 *   peakRssMb: number, seconds: number }} RunReport
 */

/** How long what is pending may take once nothing is broken any more. */
const SETTLE_MS = 90_000;
const MEAN_BATCH = 16;
/** Short, so that a stalled database is noticed within the patience of the writers. */
const SETTINGS = { TELEMETRY_LOG: 'warn', TELEMETRY_STORE_TIMEOUT: '3000', TELEMETRY_DEMO: 'true' };

/**
 * @param {Options} options
 * @param {(progress: Progress) => void} [onProgress] Called several times a second.
 * @returns {Promise<RunReport>}
 */
export async function runOracle(options, onProgress = () => {}) {
  const started = performance.now();
  const rng = random(options.seed);
  const disk = await Disk.create();
  const historyDir = await mkdtemp(join(tmpdir(), 'pharos-history-'));
  const history = new History(join(historyDir, `${options.database}-${options.seed}.ndjson`));
  /** @type {Cluster | null} */ let cluster = null;
  /** @type {Proxy | null} */ let proxy = null;
  /** @type {Server | null} */ let server = null;
  try {
    if (options.database === 'postgres') {
      cluster = await Cluster.start();
      proxy = await Proxy.start(cluster.port);
    }
    const databaseUrl = proxy ? `postgres://postgres@127.0.0.1:${proxy.port}/postgres` : undefined;
    server = new Server(disk.dataDir, { env: SETTINGS, ...(databaseUrl ? { databaseUrl } : {}) });
    await server.start();

    const world = { server, cluster, proxy, disk, hasSpool: await hasCommand('spool') };
    const { faults, peakRssMb, crashed } = await writeUnderFaults(world, options, rng, history, onProgress);
    await history.close();
    if (cluster) await waitForSpool(history.file, cluster.url());
    await server.stop();
    const { outcomes, answers } = await readAnswers(server);

    const report = await check({
      history: readHistory(history.file),
      rows: cluster ? postgresRows(cluster.url()) : sqliteRows(disk.dataDir),
      outcomes,
      answers,
      spools: world.hasSpool,
    });
    await compareRollups(server, report);
    if (report.violations.lost && world.hasSpool) {
      // Lost, or stuck? And what the server said about it.
      report.details.push(`spool check: ${(await server.command('spool', 'check')).trim()}`);
      report.details.push(`last words: ${server.output.slice(-1500)}`);
    }
    if (crashed) {
      report.violations.crashed = 1;
      report.details.push(`crashed: the server ended by itself: ${server.output.slice(-500)}`);
    }
    const skipped = FAULTS.map((fault) => [fault.kind, fault.missing(world)])
      .filter(([, why]) => why !== null)
      .map(([kind, why]) => `${kind}: ${why}`);
    const notes = outcomes ? [] : ['GET /v1/outcomes is not there yet: its sums were not checked'];
    if (!disk.canFill) notes.push('the data directory is on the ordinary disk');
    const seconds = (performance.now() - started) / 1000;
    const historyFile = options.keep ? history.file : null;
    return { ...report, faults, skipped, notes, historyFile, peakRssMb, seconds };
  } finally {
    await server?.dispose().catch(() => {});
    await proxy?.stop().catch(() => {});
    await cluster?.remove();
    await disk.remove();
    if (!options.keep) await rm(historyDir, { recursive: true, force: true });
  }
}

/**
 * @param {import('./faults.mjs').World} world
 * @param {Options} options
 * @param {import('./random.mjs').Random} rng
 * @param {History} history
 * @param {(progress: Progress) => void} onProgress
 */
async function writeUnderFaults(world, options, rng, history, onProgress) {
  const enough = new AbortController();
  const giveUp = new AbortController();
  // Every writer listens; Node takes more than ten for a leak.
  setMaxListeners(0, enough.signal, giveUp.signal);
  const counters = { events: 0, attempts: 0, resolved: 0 };
  const pauseMs = (1000 * options.writers * MEAN_BATCH) / options.rate;
  const shared = {
    server: world.server,
    history,
    counters,
    pauseMs,
    enough: enough.signal,
    giveUp: giveUp.signal,
  };
  const writers = Array.from({ length: options.writers }, () => new Writer(shared, rng.fork()).run());

  /** @type {Record<string, number>} */
  const faults = {};
  /** @type {Set<string>} */
  const broken = new Set();
  const started = performance.now();
  let peakRssMb = 0;
  let crashed = false;
  const ticker = setInterval(async () => {
    crashed ||= world.server.pid === undefined && !broken.has('kill');
    peakRssMb = Math.max(peakRssMb, await rssMb(world.server.pid));
    const elapsed_s = (performance.now() - started) / 1000;
    onProgress({
      elapsed_s,
      faults,
      broken: [...broken],
      events: counters.events,
      resolved: counters.resolved,
    });
  }, 200);
  try {
    await runFaults(world, {
      only: options.only,
      times: options.faults,
      rng: rng.fork(),
      tell(kind, phase) {
        history.add({ op: 'fault', kind, phase });
        if (phase === 'begin') broken.add(kind);
        else broken.delete(kind);
        if (phase === 'end') faults[kind] = (faults[kind] ?? 0) + 1;
      },
    });
    await pause(options.seconds * 1000 - (performance.now() - started), giveUp.signal);
    enough.abort();
    // A server that ended by itself is started once more, so that what it lost can be named.
    if (world.server.pid === undefined) await revive(world.server);
    const deadline = setTimeout(() => giveUp.abort(), SETTLE_MS);
    await Promise.all(writers);
    clearTimeout(deadline);
    return { faults, peakRssMb, crashed };
  } finally {
    enough.abort();
    giveUp.abort();
    clearInterval(ticker);
    await Promise.allSettled(writers);
  }
}

/**
 * What was acknowledged from a spool reaches the table a little later. Past the deadline the checker tells what
 * is missing.
 * @param {string} historyFile
 * @param {string} url
 */
async function waitForSpool(historyFile, url) {
  const { totals } = await check({ history: readHistory(historyFile), rows: [], outcomes: null });
  const all = async () => (await postgresCount(url)) >= totals.valid;
  await until('every acknowledged event to reach the table', all, { withinMs: SETTLE_MS }).catch(() => {});
}

/**
 * Asked of a server started anew: sums must survive a restart.
 * @param {Server} server
 * @returns {Promise<{ outcomes: import('./ledger.mjs').Outcome[] | null, answers: Map<string, number> | null }>}
 */
async function readAnswers(server) {
  await server.start();
  /** @param {string} path */
  const ask = async (path) => {
    const headers = { authorization: `Bearer ${SECRET_KEY}` };
    const reply = await fetch(server.origin + path, { headers });
    if (reply.status === 404) return null;
    if (!reply.ok) throw new Error(`GET ${path} answered ${reply.status}`);
    return reply.json();
  };
  try {
    const ledger = await ask('/v1/outcomes');
    const stats = await ask('/v1/events/stats');
    /** @type {{ event: string, count: number }[] | undefined} */
    const events = stats?.events;
    const answers = events ? new Map(events.map(({ event, count }) => [event, count])) : null;
    return { outcomes: ledger?.outcomes ?? null, answers };
  } finally {
    await server.stop();
  }
}

/**
 * Every count by hour and by day, as the server's own doctor holds them against the table.
 * @param {Server} server Stopped; its database runs.
 * @param {import('./checker.mjs').Report} report
 */
async function compareRollups(server, report) {
  if (!(await hasCommand('doctor'))) return;
  const said = await server.command('doctor').catch((/** @type {any} */ failed) => String(failed.stdout));
  if (/^ok +rollups +counts .* agree with the table/m.test(said)) return;
  report.violations.answered_wrong = (report.violations.answered_wrong ?? 0) + 1;
  report.details.push(`answered_wrong: pharos doctor: ${said}`);
}

/** @param {string} command Of the binary. */
async function hasCommand(command) {
  return promisify(execFile)(BINARY, [command, '--help']).then(
    () => true,
    () => false,
  );
}

/** @param {number | undefined} pid */
async function rssMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
