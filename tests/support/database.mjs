// @ts-check
// What is really stored, read without the server's help. Both kinds answer the same questions:
// `events()`, the rows of telemetry_events, and `text()`, everything stored as text to be searched.

import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import sqlite from 'node-sqlite3-wasm';

/**
 * A stored event, with what tests compare.
 * @typedef {object} Row
 * @property {string} id
 * @property {string} event
 * @property {number} at Its timestamp, in milliseconds since 1970.
 * @property {string | null} session_id
 * @property {string | null} user_id
 * @property {string} source
 * @property {any} properties
 *
 * A database for one test.
 * @typedef {object} Database
 * @property {string} name
 * @property {string | undefined} url For DATABASE_URL; none means SQLite in the data directory.
 * @property {(dataDir: string) => Promise<Row[]>} events Every row. The server must be stopped.
 * @property {(dataDir: string) => Promise<string>} text All that is stored. The server must be stopped.
 * @property {() => Promise<void>} drop
 */

/** Makers of both kinds, to run each test once on each. */
export const DATABASES = [
  { name: 'SQLite', create: sqliteDatabase },
  { name: 'PostgreSQL', create: postgresDatabase },
];

const COLUMNS = 'id, event, timestamp, session_id, user_id, source, properties';

/** @returns {Promise<Database>} */
async function sqliteDatabase() {
  return {
    name: 'SQLite',
    url: undefined,
    events: (dataDir) =>
      onCopy(dataDir, (db) =>
        db.all(`SELECT ${COLUMNS} FROM telemetry_events`).map(
          (row) =>
            /** @type {Row} */ ({
              .../** @type {any} */ (row),
              at: Date.parse(String(row.timestamp)),
              properties: JSON.parse(String(row.properties)),
            }),
        ),
      ),
    // The files themselves: also what was deleted or overwritten but is still on the disk.
    text: filesText,
    drop: async () => {},
  };
}

/**
 * Opens a copy, as this build of SQLite cannot share a write-ahead log with a server.
 * @template T
 * @param {string} dataDir
 * @param {(db: import('node-sqlite3-wasm').Database) => T} read
 * @returns {Promise<T>}
 */
async function onCopy(dataDir, read) {
  const copy = await mkdtemp(join(tmpdir(), 'pharos-copy-'));
  try {
    await cp(dataDir, copy, { recursive: true });
    const file = (await readdir(copy)).find((name) => name.endsWith('.db'));
    if (!file) throw new Error(`no .db file in ${dataDir}`);
    const db = new sqlite.Database(join(copy, file));
    try {
      // Without shared memory, a write-ahead log can be read by one process alone.
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      return read(db);
    } finally {
      db.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** @returns {Promise<Database>} */
async function postgresDatabase() {
  const base = process.env.PHAROS_TEST_POSTGRES_URL;
  if (!base) throw new Error('run through: scripts/with-postgres node --test tests/e2e/...');
  const name = `pharos_e2e_${randomBytes(6).toString('hex')}`;
  await query(base, `CREATE DATABASE ${name}`);
  const url = new URL(base);
  url.pathname = `/${name}`;
  return {
    name: 'PostgreSQL',
    url: url.href,
    events: async () => {
      const { rows } = await query(url.href, `SELECT ${COLUMNS} FROM telemetry_events`);
      return rows.map((row) => ({ ...row, at: row.timestamp.getTime() }));
    },
    text: async (dataDir) => (await tablesText(url.href)) + (await filesText(dataDir)),
    drop: async () => void (await query(base, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

/**
 * Every row of every table, as PostgreSQL writes it.
 * @param {string} url
 */
async function tablesText(url) {
  const tables = await query(
    url,
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  let text = '';
  for (const { name } of tables.rows) {
    const rows = await query(url, `SELECT t::text AS line FROM ${name} t`);
    text += rows.rows.map(({ line }) => `${name} ${line}`).join('\n') + '\n';
  }
  return text;
}

/**
 * The contents of every file in a directory, as text: what is not text is no matter here.
 * @param {string} dir
 */
async function filesText(dir) {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}

/**
 * @param {string} url
 * @param {string} sql
 */
async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
