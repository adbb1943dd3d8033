// @ts-check
// What is measured: the release binary on a new, empty database of either kind, each time.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { sqliteRows } from '../oracle/table.mjs';
import { Server } from '../support/server.mjs';

/** What an operator would run with, but for the log. */
const SETTINGS = { TELEMETRY_LOG: 'warn' };
const TABLE_BYTES = `SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint AS bytes
  FROM pg_partition_tree('telemetry_events') WHERE isleaf`;

export class Target {
  #cluster;
  #database;

  /**
   * @param {Server} server
   * @param {import('../support/cluster.mjs').Cluster | null} cluster `null`: SQLite.
   * @param {string} database
   */
  constructor(server, cluster, database) {
    this.server = server;
    this.#cluster = cluster;
    this.#database = database;
  }

  /**
   * @param {import('../support/cluster.mjs').Cluster | null} cluster
   * @param {string} database Its name, on a cluster.
   */
  static async start(cluster, database) {
    if (cluster) await query(cluster.url(), `CREATE DATABASE ${database}`);
    const dataDir = await mkdtemp(join(tmpdir(), 'pharos-bench-'));
    const where = cluster ? { databaseUrl: cluster.url(database) } : {};
    const server = new Server(dataDir, { env: SETTINGS, ...where });
    await server.start();
    return new Target(server, cluster, database);
  }

  /** @returns {string} */
  get url() {
    return this.#cluster?.url(this.#database) ?? '';
  }

  /** The processes whose CPU time is spent on events: the server's, and the postmaster if there is one. */
  async pids() {
    const { pid } = this.server;
    if (pid === undefined) throw new Error('the server has ended');
    return { server: pid, database: await this.#cluster?.pid() };
  }

  /** Bytes on disk with indexes, an event. On SQLite the server has stopped afterwards. */
  async bytesPerEvent() {
    if (!this.#cluster) {
      await this.server.stop();
      let rows = 0;
      for await (const _ of sqliteRows(this.server.dataDir)) rows++;
      return (await stat(join(this.server.dataDir, 'pharos.db'))).size / rows;
    }
    const rows = await query(this.url, 'SELECT count(*) AS count FROM telemetry_events');
    const bytes = await query(this.url, TABLE_BYTES);
    return Number(bytes[0].bytes) / Number(rows[0].count);
  }

  /** Bytes written to PostgreSQL's log so far. */
  async logBytes() {
    const rows = await query(this.url, `SELECT pg_current_wal_lsn() - '0/0' AS bytes`);
    return Number(rows[0].bytes);
  }

  async remove() {
    await this.server.dispose();
    await rm(this.server.dataDir, { recursive: true, force: true });
    if (this.#cluster) await query(this.#cluster.url(), `DROP DATABASE ${this.#database} WITH (FORCE)`);
  }
}

/**
 * @param {string} url
 * @param {string} sql
 */
export async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/**
 * @param {string} url
 * @param {string[]} args
 */
export async function psql(url, args) {
  await promisify(execFile)('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-d', url, ...args]);
}
