// @ts-check
// Fills a table with a shop's events, evenly over days up to now, by the database's own SQL, which is some times
// faster than by the server; then `pharos rollup rebuild` counts them. The same rows each time, but for dates.

import { spawn } from 'node:child_process';
import { BINARY } from '../support/server.mjs';
import { sqliteFile } from './read-measure.mjs';

const DAY_MS = 86_400_000;
/** Events of one statement: a few seconds' work. */
const CHUNK = 250_000;
const USERS = 500_000;
/** Events of a session, one after the other. */
const SESSION = 6;

/** Of the six events of a session: the name, or by lot another one. */
const NAMES = [
  `'page_view'`,
  `CASE WHEN lot < 70 THEN 'product_view' ELSE 'search' END`,
  `CASE WHEN lot < 40 THEN 'product_view' WHEN lot < 80 THEN 'page_view' ELSE 'video_play' END`,
  `CASE WHEN lot < 35 THEN 'add_to_cart' WHEN lot < 90 THEN 'page_view' ELSE 'form_error' END`,
  `CASE WHEN lot < 20 THEN 'checkout_started' WHEN lot < 85 THEN 'page_view' ELSE 'share' END`,
  `CASE WHEN lot < 10 THEN 'purchase' WHEN lot < 80 THEN 'scroll_depth' ELSE 'error_shown' END`,
];
const CATEGORIES = ['cables', 'audio', 'lighting', 'desk', 'travel'];

/** @param {string} hex Of a number, in the database's words. @param {number} digits */
const postgresHex = (hex, digits) => `lpad(to_hex(${hex}), ${digits}, '0')`;

/**
 * @param {'postgres' | 'sqlite'} dialect
 * @param {{ from: number, to: number, all: number, startMs: number, days: number }} part
 */
function insert(dialect, { from, to, all, startMs, days }) {
  const isPostgres = dialect === 'postgres';
  const step = (days * DAY_MS) / all;
  const at = isPostgres
    ? `CAST(${startMs} + n * ${step} AS bigint)`
    : `CAST(${startMs} + n * ${step} AS integer)`;
  const numbers = isPostgres
    ? `SELECT n FROM generate_series(${from}::bigint, ${to - 1}) AS n`
    : `SELECT value AS n FROM generate_series(${from}, ${to - 1})`;
  const name = `CASE n % ${SESSION} ${NAMES.map((sql, at) => `WHEN ${at} THEN ${sql}`).join(' ')} END`;
  const category = `CASE (n / ${SESSION} + n) % ${CATEGORIES.length} ${CATEGORIES.map((word, at) => `WHEN ${at} THEN '${word}'`).join(' ')} END`;
  const text = `'{"path":"/' || ${category} || '/' || (n % 400) || '","category":"' || ${category} || '","price":' || (n % 120) || '.9,"referrer":"search","title":"A lamp for the desk, and one for the wall","viewport":"1440x900"}'`;
  const id = isPostgres
    ? `CAST(${postgresHex('at_ms', 12)} || '7' || ${postgresHex('n % 4096', 3)} || '8' || ${postgresHex('n', 15)} AS uuid)`
    : `printf('%08x-%04x-7%03x-8000-%012x', at_ms >> 16, at_ms & 65535, n % 4096, n)`;
  const user = isPostgres
    ? `CAST(md5(CAST(who AS text)) AS uuid)`
    : `printf('%08x-%04x-8%03x-8000-%012x', who * 7919 % 4294967296, who % 65536, who % 4096, who)`;
  const moment = isPostgres
    ? `to_timestamp(at_ms / 1000.0)`
    : `strftime('%Y-%m-%dT%H:%M:%S', at_ms / 1000, 'unixepoch') || printf('.%03dZ', at_ms % 1000)`;
  const json = isPostgres ? `CAST(${text} AS jsonb)` : text;
  const empty = isPostgres
    ? `CAST('{"browser":"Chrome","os":"Windows"}' AS jsonb)`
    : `'{"browser":"Chrome","os":"Windows"}'`;
  // Three in ten are anonymous.
  return `INSERT INTO telemetry_events (id, event, timestamp, properties, user_id, session_id, source, created_at, project_id, seq, context)
    SELECT ${id}, ${name}, ${moment}, ${json}, CASE WHEN who % 10 < 7 THEN ${user} END,
      's_' || (n / ${SESSION}), 'client', ${moment}, 1, n % ${SESSION}, ${empty}
    FROM (SELECT n, ${at} AS at_ms, n * 7919 % 104729 % 100 AS lot, n / ${SESSION} * 7919 % ${USERS} AS who FROM (${numbers}) AS numbers) AS made;`;
}

/**
 * @param {{ url: string, dataDir: string, env: Record<string, string> }} where
 * @param {{ events: number, days: number }} how
 */
export async function fill({ url, dataDir, env }, { events, days }) {
  const startMs = Date.now() - days * DAY_MS;
  // The schema, a project with its keys, and places for the days gone by.
  await run(BINARY, ['seed-demo', '--events', '1', '--days', String(days)], env);
  const dialect = url ? 'postgres' : 'sqlite';
  const [program, args] = url
    ? ['psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-d', url]]
    : ['sqlite3', ['-bail', sqliteFile(dataDir)]];
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  const say = (/** @type {string} */ sql) =>
    new Promise((resolve) => child.stdin.write(sql + '\n', () => resolve(undefined)));
  await say(
    url
      ? 'DELETE FROM telemetry_events;'
      : 'PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; DELETE FROM telemetry_events;',
  );
  for (let from = 0; from < events; from += CHUNK) {
    const to = Math.min(from + CHUNK, events);
    await say(insert(dialect, { from, to, all: events, startMs, days }));
    const done = `${(to / 1e6).toFixed(2)} of ${events / 1e6} million`;
    await say(url ? `\\echo ${done}` : `.print ${done}`);
  }
  await say(url ? 'ANALYZE;' : 'PRAGMA optimize = 0x10002;');
  child.stdin.end();
  if ((await ended) !== 0) throw new Error(`${program} failed`);
  await run(BINARY, ['rollup', 'rebuild'], env);
}

/** @param {string} program @param {string[]} args @param {Record<string, string>} env */
async function run(program, args, env) {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  if (code !== 0) throw new Error(`pharos ${args[0]} ended with ${code}`);
}
