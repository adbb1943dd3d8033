// @ts-check
// What is asked, and the same as plain SQL on the table of events: what a team would write that has only the table.

const DAY_MS = 86_400_000;

/**
 * @typedef {object} Question
 * @property {string} name
 * @property {'rollups' | 'events'} from What it is answered from.
 * @property {(now: Date) => string} path
 * @property {(now: Date, dialect: 'postgres' | 'sqlite') => string[]} sql Statements, one after the other.
 */

const FUNNEL = ['product_view', 'add_to_cart', 'checkout_started', 'purchase'];

/** @param {Date} now @param {number} days */
const ago = (now, days) => new Date(now.getTime() - days * DAY_MS).toISOString();

/** @param {Date} now @param {number} days */
const since = (now, days) => `timestamp >= '${ago(now, days)}'`;

/** @param {Date} now @param {number} days */
const range = (now, days) => `start=${ago(now, days)}&end=${now.toISOString()}`;

/** @param {string} unit @param {'postgres' | 'sqlite'} dialect */
const cut = (unit, dialect) =>
  dialect === 'postgres'
    ? `date_trunc('${unit}', timestamp)`
    : `substr(timestamp, 1, ${unit === 'hour' ? 13 : 16})`;

/** @type {Question[]} */
export const QUESTIONS = [
  {
    name: 'dashboard, last hour',
    from: 'rollups',
    path: () => '/v1/dashboard',
    sql: (now, dialect) => [
      `SELECT count(*), count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events WHERE ${since(now, 1 / 24)}`,
      `SELECT event, count(*) FROM telemetry_events WHERE ${since(now, 1 / 24)} GROUP BY 1 ORDER BY 2 DESC LIMIT 10`,
      `SELECT ${cut('minute', dialect)}, count(*), count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events WHERE ${since(now, 1 / 24)} GROUP BY 1`,
    ],
  },
  {
    name: 'metrics, a week by hour',
    from: 'rollups',
    path: (now) => `/v1/metrics?period=hour&${range(now, 7)}`,
    sql: (now, dialect) => [
      `SELECT ${cut('hour', dialect)}, count(*), count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events WHERE ${since(now, 7)} GROUP BY 1`,
      `SELECT ${cut('hour', dialect)}, event, count(*) FROM telemetry_events WHERE ${since(now, 7)} GROUP BY 1, 2`,
    ],
  },
  {
    name: 'report, 30 days',
    from: 'rollups',
    path: (now) => `/v1/report?${range(now, 30)}`,
    sql: (now) => [
      `SELECT count(*), count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events WHERE ${since(now, 30)}`,
      `SELECT event, count(*), count(DISTINCT user_id) FROM telemetry_events WHERE ${since(now, 30)} GROUP BY 1 ORDER BY 2 DESC`,
    ],
  },
  {
    name: 'breakdown, 7 days',
    from: 'events',
    path: (now) => `/v1/breakdown?event=product_view&property=category&${range(now, 7)}`,
    sql: (now) => [
      `SELECT properties ->> 'category', count(*), count(DISTINCT user_id) FROM telemetry_events WHERE event = 'product_view' AND ${since(now, 7)} GROUP BY 1 ORDER BY 2 DESC`,
    ],
  },
  {
    name: 'funnel of 4 steps, 7 days',
    from: 'events',
    path: (now) => `/v1/funnel?steps=${FUNNEL.join(',')}&by=session&${range(now, 7)}`,
    sql: (now) => {
      const step = (/** @type {number} */ at) =>
        `s${at} AS (SELECT e.session_id, min(e.timestamp) AS at FROM telemetry_events e` +
        (at === 0
          ? ''
          : ` JOIN s${at - 1} ON s${at - 1}.session_id = e.session_id AND e.timestamp >= s${at - 1}.at`) +
        ` WHERE e.event = '${FUNNEL[at]}' AND e.${since(now, 7)} GROUP BY 1)`;
      const counts = FUNNEL.map((_, at) => `(SELECT count(*) FROM s${at})`).join(', ');
      return [`WITH ${FUNNEL.map((_, at) => step(at)).join(', ')} SELECT ${counts}`];
    },
  },
];
