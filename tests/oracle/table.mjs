// @ts-check
// Reads telemetry_events without the server's help, row by row, as far as the checker compares it.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import sqlite from 'node-sqlite3-wasm';

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} event
 * @property {string} timestamp RFC 3339 in UTC with milliseconds.
 * @property {unknown} properties
 * @property {string | null} user_id
 * @property {string | null} session_id
 * @property {string} source
 * @property {number | null} seq
 */

const PAGE = 5_000;

/**
 * Every row in PostgreSQL, in one snapshot.
 * @param {string} url
 * @returns {AsyncGenerator<Row>}
 */
export async function* postgresRows(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query(`DECLARE everything CURSOR FOR
      SELECT id, event, properties, user_id, session_id, source, seq,
             to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS timestamp
      FROM telemetry_events`);
    for (;;) {
      const { rows } = await client.query(`FETCH ${PAGE} FROM everything`);
      if (rows.length === 0) return;
      yield* rows;
    }
  } finally {
    await client.end();
  }
}

/**
 * How many rows PostgreSQL holds now.
 * @param {string} url
 */
export async function postgresCount(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT count(*) AS count FROM telemetry_events');
    return Number(rows[0].count);
  } finally {
    await client.end();
  }
}

/**
 * Every row in SQLite. The server must be stopped.
 * @param {string} dataDir
 * @returns {AsyncGenerator<Row>}
 */
export async function* sqliteRows(dataDir) {
  // A copy, as this build of SQLite would otherwise leave marks of its own beside the server's files.
  const copy = await mkdtemp(join(tmpdir(), 'pharos-copy-'));
  try {
    await cp(dataDir, copy, { recursive: true });
    const db = new sqlite.Database(join(copy, 'pharos.db'));
    try {
      // Without shared memory, a write-ahead log can be read by one process alone.
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      const found = db.prepare(
        'SELECT id, event, timestamp, properties, user_id, session_id, source, seq FROM telemetry_events',
      );
      try {
        for (const row of found.iterate()) {
          const { properties, ...rest } = /** @type {any} */ (row);
          yield { ...rest, properties: JSON.parse(properties) };
        }
      } finally {
        found.finalize();
      }
    } finally {
      db.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
