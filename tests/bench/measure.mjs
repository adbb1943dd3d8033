// @ts-check
// One measurement each: a load against a server, COPY into the same table, ten million rows.

import { cpuSeconds, machineSeconds, peakRssMb } from './machine.mjs';
import { prepareCopy } from './copy.mjs';
import { runLoad } from './load.mjs';

/**
 * What the processor did during a measurement. `others`: the part of the machine's time taken by anything but
 * server and database: the load generator, and neighbours that make times on the clock worthless.
 * @typedef {{ server_us: number, database_us: number, others: number }} Cpu An event's share, in microseconds.
 *
 * @typedef {object} Ingest
 * @property {number} batch
 * @property {number} connections
 * @property {number} events_per_s Acknowledged, hence committed.
 * @property {number} p50_ms
 * @property {number} p99_ms
 * @property {Cpu} cpu
 * @property {number} rss_mb Of the server, at most.
 * @property {number} failed Requests without a 200.
 * @property {number} [log_bytes] PostgreSQL's log, an event.
 *
 * @typedef {{ events_per_s: number, cpu: Cpu }} Copy
 */

const WARM_UP_S = 1;

/**
 * @param {import('./target.mjs').Target} target
 * @param {object} load
 * @param {string} load.program
 * @param {string} load.file
 * @param {number} load.batch
 * @param {number} load.connections
 * @param {number} load.seconds
 * @param {number} [load.requests]
 * @param {boolean} [load.warm] Whether it was measured before.
 * @returns {Promise<Ingest>}
 */
export async function measureIngest(target, { program, batch, warm = false, ...load }) {
  const how = { ...load, address: new URL(target.server.origin).host };
  if (!warm) await runLoad(program, { ...how, seconds: WARM_UP_S });
  const pids = await target.pids();
  const logBefore = target.url ? await target.logBytes() : 0;
  const meter = startMeter(pids);
  const { wall_s, accepted, p50_ms, p99_ms, statuses } = await runLoad(program, how);
  const cpu = meter(accepted);
  const failed = Object.entries(statuses).reduce((sum, [status, n]) => (status === '200' ? sum : sum + n), 0);
  return {
    batch,
    connections: load.connections,
    events_per_s: accepted / wall_s,
    p50_ms,
    p99_ms,
    cpu,
    rss_mb: peakRssMb(pids.server),
    failed,
    ...(target.url ? { log_bytes: ((await target.logBytes()) - logBefore) / accepted } : {}),
  };
}

/**
 * @param {import('./target.mjs').Target} target With rows: they are read, then replaced.
 * @returns {Promise<Copy>}
 */
export async function measureCopy(target) {
  const copy = await prepareCopy(target.url);
  try {
    const meter = startMeter(await target.pids());
    const { rows, wall_s } = await copy.load();
    return { events_per_s: rows / wall_s, cpu: meter(rows) };
  } finally {
    await copy.remove();
  }
}

/**
 * Reads the clocks of the processes now, and again when the returned function is called.
 * @param {{ server: number, database: number | undefined }} pids
 * @returns {(events: number) => Cpu}
 */
function startMeter(pids) {
  const read = () => ({
    server: cpuSeconds(pids.server),
    database: pids.database === undefined ? 0 : cpuSeconds(pids.database),
    machine: machineSeconds(),
  });
  const before = read();
  return (events) => {
    const after = read();
    const [server, database] = [after.server - before.server, after.database - before.database];
    const busy = after.machine.busy - before.machine.busy;
    const all = after.machine.all - before.machine.all;
    return {
      server_us: (server / events) * 1e6,
      database_us: (database / events) * 1e6,
      others: Math.max(0, busy - server - database) / all,
    };
  };
}
