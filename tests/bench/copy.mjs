// @ts-check
// The yardstick: COPY of the very rows that the server has just written, into the same table with the same
// indexes on the same cluster, over two connections with 1,000 rows a commit. Nothing is validated, stripped,
// deduplicated or answered: what is left is the database's own price of a row.

import { mkdtemp, open, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { psql, query } from './target.mjs';

const CONNECTIONS = 2;
const COMMIT_ROWS = 1_000;
const ROWS_MOST = 400_000;

/**
 * Empties the table and fills it again.
 * @param {string} url Of a database with rows.
 * @returns {Promise<{ load: () => Promise<{ rows: number, wall_s: number }>, remove: () => Promise<void> }>}
 */
export async function prepareCopy(url) {
  // Every user must be able to enter: psql reads here, the server process does not.
  const dir = await mkdtemp(join(tmpdir(), 'pharos-copy-'));
  const all = join(dir, 'all');
  // In the order stored, which is the order in which the server wrote them.
  await psql(url, ['-c', `\\copy (SELECT * FROM telemetry_events LIMIT ${ROWS_MOST}) TO '${all}'`]);
  const { files, rows } = await deal(all, dir);
  return {
    async load() {
      await query(url, 'TRUNCATE telemetry_events');
      await query(url, 'CHECKPOINT');
      const started = performance.now();
      await Promise.all(files.map((file) => psql(url, ['-f', file])));
      return { rows, wall_s: (performance.now() - started) / 1000 };
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/**
 * Deals lines in turn to one script for each connection.
 * @param {string} all
 * @param {string} dir
 */
async function deal(all, dir) {
  const files = Array.from({ length: CONNECTIONS }, (_, at) => join(dir, `copy-${at}.sql`));
  const outs = await Promise.all(files.map((file) => open(file, 'w')));
  const chunks = outs.map(() => /** @type {string[]} */ ([]));
  /** @param {number} at */
  const flush = async (at) => {
    const lines = chunks[at] ?? [];
    if (lines.length > 0) {
      await outs[at]?.write('COPY telemetry_events FROM STDIN;\n' + lines.join('\n') + '\n\\.\n');
    }
    chunks[at] = [];
  };
  let rows = 0;
  for await (const line of createInterface({ input: createReadStream(all), crlfDelay: Infinity })) {
    const at = rows++ % CONNECTIONS;
    if ((chunks[at]?.push(line) ?? 0) === COMMIT_ROWS) await flush(at);
  }
  for (const at of outs.keys()) await flush(at);
  await Promise.all(outs.map((out) => out.close()));
  return { files, rows };
}
