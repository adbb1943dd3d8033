// @ts-check
// What the layout of telemetry_events costs a writer: the same rows into tables that differ in their keys,
// partitions and indexes. One connection, flushes of 1,000 rows by the statement the server uses.
//
//     scripts/with-postgres node tests/bench/layout.mjs [--rows 1000000] [--only name,name]
//
// CPU is the backend's own, from /proc: it moves little with what else the machine does. The table of
// docs/decisions/0005 was made with it.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import crypto from 'node:crypto';
import pg from 'pg';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, only: { type: 'string', default: '' } },
});
const ROWS = Number(options.rows);
const FLUSH_ROWS = 1000;
const url = process.env.PHAROS_TEST_POSTGRES_URL;
if (!url) throw new Error('run it through: scripts/with-postgres node tests/bench/layout.mjs');

const COLUMNS = `id uuid NOT NULL, event varchar(100) NOT NULL, timestamp timestamptz NOT NULL, properties jsonb NOT NULL,
  user_id uuid, session_id varchar(100), source varchar(20) NOT NULL, created_at timestamptz NOT NULL,
  project_id integer NOT NULL, seq integer, context jsonb NOT NULL`;
const FLAT = [`CREATE TABLE events (${COLUMNS}, PRIMARY KEY (id))`];
const BY_ID = [
  `CREATE TABLE events (${COLUMNS}, PRIMARY KEY (id)) PARTITION BY RANGE (id)`,
  'CREATE TABLE events_other PARTITION OF events DEFAULT',
  ...days('id', (day) => `'${dayStart(day)}'`),
];
const BY_TIME = [
  `CREATE TABLE events (${COLUMNS}, PRIMARY KEY (id, timestamp)) PARTITION BY RANGE (timestamp)`,
  'CREATE TABLE events_other PARTITION OF events DEFAULT',
  ...days('timestamp', (day) => `'${new Date(day).toISOString()}'`),
];
const TIME_BTREE = 'CREATE INDEX ON events (timestamp)';
const TIME_BRIN = 'CREATE INDEX ON events USING brin (timestamp)';
const EVENT = 'CREATE INDEX ON events (event, timestamp)';
const USER = 'CREATE INDEX ON events (user_id) WHERE user_id IS NOT NULL';
const SESSION = 'CREATE INDEX ON events (session_id) WHERE session_id IS NOT NULL';
const RECEIPT = 'CREATE INDEX ON events USING brin (created_at)';
/** @param {number} pages */
const bloom = (pages) => [
  `CREATE INDEX ON events USING brin (session_id text_bloom_ops) WITH (pages_per_range = ${pages})`,
  `CREATE INDEX ON events USING brin (user_id uuid_bloom_ops) WITH (pages_per_range = ${pages})`,
];
const GIN = 'CREATE INDEX ON events USING gin (properties jsonb_path_ops)';

/** @type {{name: string, ids: 'v4' | 'v7', ddl: string[], key?: string}[]} */
const LAYOUTS = [
  { name: 'flat, random ids, btree on time', ids: 'v4', ddl: [...FLAT, TIME_BTREE, EVENT, USER, SESSION] },
  { name: 'flat, v7 ids, btree on time', ids: 'v7', ddl: [...FLAT, TIME_BTREE, EVENT, USER, SESSION] },
  { name: 'flat, v7 ids, BRIN on time', ids: 'v7', ddl: [...FLAT, TIME_BRIN, EVENT, USER, SESSION] },
  {
    name: 'days by time, v7 ids',
    ids: 'v7',
    ddl: [...BY_TIME, TIME_BRIN, EVENT, USER, SESSION],
    key: 'id, timestamp',
  },
  { name: 'days by id (chosen)', ids: 'v7', ddl: [...BY_ID, TIME_BRIN, EVENT, USER, SESSION, RECEIPT] },
  {
    name: 'days by id, random ids (all in the default)',
    ids: 'v4',
    ddl: [...BY_ID, TIME_BRIN, EVENT, USER, SESSION, RECEIPT],
  },
  { name: 'days by id, no user and session index', ids: 'v7', ddl: [...BY_ID, TIME_BRIN, EVENT, RECEIPT] },
  {
    name: 'days by id, Bloom filters of 32 pages for user and session',
    ids: 'v7',
    ddl: [...BY_ID, TIME_BRIN, EVENT, RECEIPT, ...bloom(32)],
  },
  {
    name: 'days by id, Bloom filters of 128 pages for user and session',
    ids: 'v7',
    ddl: [...BY_ID, TIME_BRIN, EVENT, RECEIPT, ...bloom(128)],
  },
  { name: 'days by id, key only', ids: 'v7', ddl: BY_ID },
  {
    name: 'days by id, GIN on properties as well',
    ids: 'v7',
    ddl: [...BY_ID, TIME_BRIN, EVENT, USER, SESSION, RECEIPT, GIN],
  },
];

const insertInto = (
  /** @type {string} */ key,
) => `INSERT INTO events (id, project_id, event, timestamp, properties, user_id, session_id, source, seq, context, created_at)
  SELECT id, project_id, event, timestamp, properties::jsonb, user_id, session_id, source, seq, context::jsonb, created_at
  FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::uuid[], $7::text[], $8::text[],
    $9::integer[], $10::text[], $11::timestamptz[])
    AS new (id, project_id, event, timestamp, properties, user_id, session_id, source, seq, context, created_at)
  ON CONFLICT (${key}) DO NOTHING RETURNING id`;

/** @param {string} column @param {(day: number) => string} bound */
function days(column, bound) {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  return [-1, 0, 1, 2].map((offset) => {
    const day = today + offset * 86_400_000;
    return `CREATE TABLE events_${column}_${offset + 1} PARTITION OF events FOR VALUES FROM (${bound(day)}) TO (${bound(day + 86_400_000)})`;
  });
}

/** @param {number} day */
function dayStart(day) {
  const hex = day.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** @param {'v4' | 'v7'} version */
function newId(version) {
  const bytes = crypto.randomBytes(16);
  if (version === 'v7') bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | (version === 'v7' ? 0x70 : 0x40);
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const NAMES = [
  'page_view',
  'click',
  'scroll_depth',
  'form_start',
  'add_to_cart',
  'checkout_start',
  'purchase',
  'search',
];
const userIds = Array.from({ length: 50_000 }, () => newId('v4'));

/** @param {'v4' | 'v7'} version @param {number} from */
function flush(version, from) {
  /** @type {unknown[][]} */
  const columns = Array.from({ length: 11 }, () => []);
  const now = new Date().toISOString();
  for (let i = from; i < from + FLUSH_ROWS; i++) {
    const visitor = crypto.randomInt(200_000);
    const properties = {
      path: '/app/projects/settings/members',
      title: 'Getting started',
      referrer: 'https://search.example.com/?q=telemetry',
      viewport: '1440x900',
      duration_ms: i % 60_000,
      element: `main > section:nth-child(4) button.cta-${i % 997}`,
      value: i % 1000,
    };
    const row = [
      newId(version),
      1,
      NAMES[i % NAMES.length],
      now,
      JSON.stringify(properties),
      userIds[visitor % 50_000],
      sessionOf(visitor),
      'client',
      i % 100,
      '{"browser":"Chrome","os":"Linux","ip":"203.0.113.0","language":"en"}',
      now,
    ];
    row.forEach((value, column) => columns[column]?.push(value));
  }
  return columns;
}

/** Seconds of processor time of a process. @param {number} pid */
function cpuSeconds(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** @param {number} visitor */
const sessionOf = (visitor) => `s_${visitor.toString(36)}_${visitor}`;
const visitorSession = () => sessionOf(crypto.randomInt(200_000));

/** Brings block range indexes up to date, as the server does now and then. */
async function summarize() {
  await client.query(
    `SELECT brin_summarize_new_values(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
       JOIN pg_am ON pg_am.oid = relam JOIN pg_partition_tree('events') ON relid = indrelid
     WHERE amname = 'brin' AND relkind = 'i'`,
  );
}

/** Median time of a question, over 21 keys. @param {string} text @param {() => unknown} key */
async function medianMs(text, key) {
  const times = [];
  for (let i = 0; i < 21; i++) {
    const started = performance.now();
    await client.query({ text, values: [key()] });
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[10]?.toFixed(1);
}

const client = new pg.Client({ connectionString: url });
await client.connect();
const one = async (/** @type {string} */ sql) => Object.values((await client.query(sql)).rows[0])[0];
const pid = Number(await one('SELECT pg_backend_pid()'));
const chosen = options.only
  ? LAYOUTS.filter(({ name }) => options.only.split(',').some((part) => name.includes(part)))
  : LAYOUTS;

console.log(`${ROWS} rows a layout, flushes of ${FLUSH_ROWS}, ${await one('SHOW server_version')}\n`);
console.log(
  '| layout | CPU us a row, first tenth | last tenth | all | WAL bytes a row | bytes a row on disk | ms to find a session | ms to find a user |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const layout of chosen) {
  await client.query('DROP TABLE IF EXISTS events');
  for (const command of layout.ddl) await client.query(command);
  await client.query('CHECKPOINT');
  const statement = { name: `insert ${layout.name}`.slice(0, 60), text: insertInto(layout.key ?? 'id') };
  const wal = await one('SELECT pg_current_wal_insert_lsn()');
  const tenths = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    let cpu = 0;
    for (let row = (tenth * ROWS) / 10; row < ((tenth + 1) * ROWS) / 10; row += FLUSH_ROWS) {
      const values = flush(layout.ids, row);
      const before = cpuSeconds(pid);
      await client.query({ ...statement, values });
      cpu += cpuSeconds(pid) - before;
    }
    const before = cpuSeconds(pid);
    await summarize();
    cpu += cpuSeconds(pid) - before;
    tenths.push((cpu / (ROWS / 10)) * 1e6);
    if (process.stderr.isTTY) process.stderr.write(`\r${layout.name}: ${tenth + 1}0%  `);
  }
  const walBytes = Number(await one(`SELECT pg_current_wal_insert_lsn() - '${wal}'`)) / ROWS;
  const size =
    "coalesce(sum(pg_total_relation_size(relid)), pg_total_relation_size('events'))::bigint FROM pg_partition_tree('events')";
  const bytes = Number(await one(`SELECT ${size}`)) / ROWS;
  const sessionMs = await medianMs(
    'SELECT count(properties) FROM events WHERE session_id = $1',
    visitorSession,
  );
  const userMs = await medianMs(
    'SELECT count(properties) FROM events WHERE user_id = $1',
    () => userIds[crypto.randomInt(50_000)],
  );
  const all = tenths.reduce((sum, value) => sum + value, 0) / 10;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(
    `| ${layout.name} | ${tenths[0]?.toFixed(1)} | ${tenths[9]?.toFixed(1)} | ${all.toFixed(1)} | ${walBytes.toFixed(0)} | ${bytes.toFixed(0)} | ${sessionMs} | ${userMs} |`,
  );
}
await client.query('DROP TABLE IF EXISTS events');
await client.end();
