// @ts-check
// What can go wrong, and the schedule of it. Two lanes run side by side, one that hurts the server's process
// and one that hurts what it stores into, so that faults also meet: a server killed during an outage.

import { until } from '../support/wait.mjs';
import { pause } from './writer.mjs';

/**
 * What faults act on.
 * @typedef {object} World
 * @property {import('../support/server.mjs').Server} server
 * @property {import('../support/cluster.mjs').Cluster | null} cluster `null`: SQLite.
 * @property {import('./proxy.mjs').Proxy | null} proxy Between server and cluster.
 * @property {import('./disk.mjs').Disk} disk Under the data directory.
 * @property {boolean} hasSpool
 *
 * @typedef {object} Fault
 * @property {string} kind
 * @property {'process' | 'storage'} lane
 * @property {(world: World) => string | null} missing Why it cannot happen here; `null`: it can.
 * @property {(world: World, rng: import('./random.mjs').Random) => Promise<void>} run Until all is well again.
 */

const REVIVE_MS = 90_000;
const never = new AbortController().signal;
/** @param {number} ms */
const lasts = (ms) => pause(ms, never);
const needsPostgres = (/** @type {World} */ { cluster }) => (cluster ? null : 'there is no database server');

/** @type {Fault[]} */
export const FAULTS = [
  {
    kind: 'kill',
    lane: 'process',
    missing: () => null,
    async run({ server }, rng) {
      await server.kill();
      await lasts(rng.between(0, 800));
      await revive(server);
    },
  },
  {
    // A process that stands still: clients time out and send again what it will finish later.
    kind: 'freeze',
    lane: 'process',
    missing: () => null,
    async run({ server }, rng) {
      const { pid } = server;
      if (pid === undefined) return;
      process.kill(pid, 'SIGSTOP');
      await lasts(rng.chance(0.3) ? rng.between(5_000, 6_500) : rng.between(200, 2_000));
      process.kill(pid, 'SIGCONT');
    },
  },
  {
    kind: 'database_stop',
    lane: 'storage',
    missing: needsPostgres,
    async run({ cluster }, rng) {
      await cluster?.stop('immediate');
      await lasts(rng.between(0, 2_500));
      await cluster?.resume();
    },
  },
  {
    kind: 'cut',
    lane: 'storage',
    missing: needsPostgres,
    async run({ proxy }, rng) {
      for (let times = rng.between(1, 6); times > 0; times--) {
        proxy?.cut();
        await lasts(rng.between(0, 300));
      }
    },
  },
  {
    kind: 'refuse',
    lane: 'storage',
    missing: needsPostgres,
    async run({ proxy }, rng) {
      await proxy?.refuse();
      await lasts(rng.between(200, 3_500));
      await proxy?.accept();
    },
  },
  {
    kind: 'slow',
    lane: 'storage',
    missing: needsPostgres,
    async run({ proxy }, rng) {
      proxy?.delay(rng.between(20, 400));
      await lasts(rng.between(500, 2_500));
      proxy?.delay(0);
    },
  },
  {
    // Past the server's patience and sometimes past its clients'; then everything withheld arrives after all.
    kind: 'stall',
    lane: 'storage',
    missing: needsPostgres,
    async run({ proxy }, rng) {
      proxy?.stall('both');
      await lasts(rng.chance(0.4) ? rng.between(3_500, 6_000) : rng.between(200, 2_000));
      proxy?.flow();
    },
  },
  {
    // Commits whose confirmation is lost.
    kind: 'lost_answers',
    lane: 'storage',
    missing: needsPostgres,
    async run({ proxy }, rng) {
      proxy?.stall('answers');
      await lasts(rng.chance(0.3) ? rng.between(3_500, 5_000) : rng.between(50, 1_500));
      proxy?.cut();
      proxy?.flow();
    },
  },
  {
    kind: 'disk_full',
    lane: 'storage',
    missing({ disk, cluster, hasSpool }) {
      if (!disk.canFill) return 'a small disk cannot be mounted here (needs root)';
      return cluster && !hasSpool ? 'this server has no spool (`pharos spool --help` fails)' : null;
    },
    async run({ disk, proxy }, rng) {
      await disk.fill();
      // With a database that is away, the full disk is the spool's; past the server's patience, it needs it.
      await proxy?.refuse();
      await lasts(proxy && rng.chance(0.6) ? rng.between(3_500, 5_500) : rng.between(300, 2_500));
      const first = rng.chance(0.5);
      if (first) await disk.free();
      await proxy?.accept();
      if (!first) {
        await lasts(rng.between(0, 500));
        await disk.free();
      }
    },
  },
];

/**
 * Starts a server that was killed, again and again until it stays: its database may be away.
 * @param {import('../support/server.mjs').Server} server
 */
export async function revive(server) {
  await until(
    'the server to start again',
    async () => {
      try {
        await server.start();
        return true;
      } catch (error) {
        await server.kill();
        throw error;
      }
    },
    { withinMs: REVIVE_MS, everyMs: 200 },
  );
}

/**
 * Runs every possible fault `times` times, in an order of the seed, both lanes at once.
 * @param {World} world
 * @param {object} plan
 * @param {string[] | undefined} plan.only These kinds and no others.
 * @param {number} plan.times
 * @param {import('./random.mjs').Random} plan.rng
 * @param {(kind: string, phase: 'begin' | 'end') => void} plan.tell
 */
export async function runFaults(world, { only, times, rng, tell }) {
  const wanted = FAULTS.filter(({ kind }) => only === undefined || only.includes(kind));
  const possible = wanted.filter((fault) => fault.missing(world) === null);
  /** @param {Fault['lane']} lane */
  const lane = async (lane) => {
    const own = rng.fork();
    const faults = possible.filter((fault) => fault.lane === lane);
    for (const fault of own.shuffled(faults.flatMap((fault) => Array.from({ length: times }, () => fault)))) {
      await lasts(own.between(100, 1_200));
      tell(fault.kind, 'begin');
      await fault.run(world, own);
      tell(fault.kind, 'end');
    }
  };
  await Promise.all([lane('process'), lane('storage')]);
}
