// @ts-check
// Events for the dashboard's tests: small, the same each time, spread over days that are over, so that the
// numbers do not depend on when the test runs. What pages would send goes by the ingest key, with sessions
// and numbers.

import assert from 'node:assert/strict';
import { INGEST_KEY, SECRET_KEY } from './server.mjs';

export const DAYS = 10;
const DAY_MS = 24 * 3_600_000;
const VISITS_A_DAY = 12;
/** How far a visit goes: each one a different way. */
const JOURNEY = ['page_view', 'product_view', 'add_to_cart', 'checkout_started', 'purchase'];
const PRODUCTS = ['Vesper', 'Fyr', 'Luna'];
const BATCH_MAX = 400;

/** Would run, or become markup, if anything rendered it as HTML. */
export const MARKUP = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';

/**
 * Visits of the days before today, and some of the last minutes.
 * @param {number} [now]
 */
export function visits(now = Date.now()) {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const events = [];
  for (let day = 1; day <= DAYS; day++) {
    for (let visit = 0; visit < VISITS_A_DAY + day; visit++) {
      // Every hour of the day has visits, so that days of other time zones differ.
      const start = today - day * DAY_MS + visit * 67 * 60_000 + day * 60_000;
      events.push(...one(start, day, visit));
    }
  }
  for (let visit = 0; visit < 6; visit++) events.push(...one(now - 600_000 + visit * 60_000, 0, visit));
  return events;
}

/**
 * @param {number} start
 * @param {number} day
 * @param {number} visit
 */
function one(start, day, visit) {
  const steps = JOURNEY.slice(0, 1 + ((visit * 3 + day) % JOURNEY.length));
  const session = `visit-${day}-${visit}`;
  const user = `u_${String((visit * 5 + day) % 17).padStart(32, '0')}`;
  return steps.map((event, index) => ({
    event,
    timestamp: new Date(start + index * 40_000).toISOString(),
    properties: { product: PRODUCTS[(visit + day) % 3], price: 10 + visit, path: `/lamps/${visit % 4}` },
    session_id: session,
    seq: index,
    ...(visit % 3 === 0 ? {} : { user_id: user }),
  }));
}

/**
 * Stores events, as a page would.
 * @param {string} origin
 * @param {object[]} events
 */
export async function sendAsPage(origin, events) {
  for (let from = 0; from < events.length; from += BATCH_MAX) {
    const batch = events.slice(from, from + BATCH_MAX);
    const reply = await post(origin, { key: INGEST_KEY, events: batch }, {});
    assert.equal(reply.accepted, batch.length, JSON.stringify(reply).slice(0, 500));
  }
}

/**
 * Sends events, as a server of the operator's would, whatever becomes of them.
 * @param {string} origin
 * @param {object[]} events
 */
export function sendAsServer(origin, events) {
  return post(origin, { events }, { authorization: `Bearer ${SECRET_KEY}` });
}

/**
 * @param {string} origin
 * @param {object} body
 * @param {Record<string, string>} headers
 */
async function post(origin, body, headers) {
  const reply = await fetch(origin + '/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 200, await reply.clone().text());
  return reply.json();
}
