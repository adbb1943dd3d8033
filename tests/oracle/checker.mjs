// @ts-check
// Compares a history with the table and the outcome counts. It knows nothing of how the run was made: what it
// is given decides, so it can be fed a forged history to see that it complains.

import { isDeepStrictEqual } from 'node:util';
import { expectedOf, FLAWS } from './events.mjs';
import { checkOutcomes } from './ledger.mjs';

/**
 * @typedef {import('./history.mjs').Line} Line
 * @typedef {import('./table.mjs').Row} Row
 * @typedef {import('./ledger.mjs').Outcome} Outcome
 *
 * All that is known of one event.
 * @typedef {object} Known
 * @property {import('./events.mjs').Sent} sent
 * @property {number} times How often it was sent.
 * @property {string[]} told Its verdicts.
 * @property {number} rows How often it is in the table.
 *
 * @typedef {object} Report
 * @property {Record<string, number>} violations Count by kind; every kind is there.
 * @property {string[]} details The first few of each kind.
 * @property {{ events: number, valid: number, times: number, attempts: number, answered: number, silent: number,
 *   refused: number, rows: number, told: Record<string, number> }} totals
 */

/** Kinds of violation, and what each means. */
export const VIOLATIONS = {
  lost: 'acknowledged, and not in the table',
  doubled: 'in the table more than once',
  unknown: 'without a verdict at the end',
  foreign: 'in the table, and never sent',
  altered: 'stored otherwise than sent',
  refused: 'valid, and refused for good',
  mistaken: 'invalid, and stored or refused for another reason',
  accepted_twice: 'called new more than once',
  false_duplicate: 'called a duplicate although sent once',
  bad_reply: 'replies that do not answer what was sent',
  miscounted: 'outcome sums that cannot be',
  answered_wrong: 'counts of the questions that differ from the table',
  crashed: 'the server ended though nobody killed it',
};

const DETAILS_MOST = 5;
/** A clock is corrected when it seems off by more than this (model/src/limits.rs, CLOCK_SKEW_MIN_MS). */
const SKEW_MIN_MS = 10_000;
const SKEW_MOST_MS = 120_000;
const STORED = new Set(['accepted', 'duplicate']);

/**
 * @param {object} evidence
 * @param {AsyncIterable<Line> | Iterable<Line>} evidence.history
 * @param {AsyncIterable<Row> | Iterable<Row>} evidence.rows
 * @param {Outcome[] | null} evidence.outcomes `null`: the server does not count them.
 * @param {Map<string, number> | null} [evidence.answers] How many events of each name the server says there are.
 * @param {boolean} [evidence.spools] Events may have been acknowledged while the database was away: such a
 *   server cannot know that it has them already, and may call one new twice.
 * @returns {Promise<Report>}
 */
export async function check({ history, rows, outcomes, answers = null, spools = false }) {
  const violations = Object.fromEntries(Object.keys(VIOLATIONS).map((kind) => [kind, 0]));
  /** @type {string[]} */
  const details = [];
  /** @param {keyof typeof VIOLATIONS} kind @param {string} detail */
  const violated = (kind, detail) => {
    violations[kind] = (violations[kind] ?? 0) + 1;
    if ((violations[kind] ?? 0) <= DETAILS_MOST) details.push(`${kind}: ${detail}`);
  };

  /** @type {Map<string, Known>} */
  const events = new Map();
  const { totals, told } = await readAll(history, events, violated);

  /** What each user is called in the table, and who is called so. */
  const users = { names: new Map(), owners: new Map() };
  /** @type {Map<string, number>} */
  const stored = new Map();
  for await (const row of rows) {
    totals.rows++;
    stored.set(row.event, (stored.get(row.event) ?? 0) + 1);
    const known = events.get(row.id);
    if (!known) {
      violated('foreign', `${row.id} (${row.event})`);
      continue;
    }
    known.rows++;
    if (known.sent.flaw === null) {
      const difference = differs(known.sent, row, users);
      if (difference) violated('altered', `${nameOf(known)}: ${difference}`);
    }
  }
  for (const known of events.values()) judge(known, spools, violated);
  if (outcomes) {
    const tally = { validSent: 0, flawedSent: new Map(), told, acceptedAgain: 0, rows: totals.rows };
    for (const { sent, times, told } of events.values()) {
      tally.acceptedAgain += Math.max(0, told.filter((verdict) => verdict === 'accepted').length - 1);
      const code = sent.flaw === null ? null : FLAWS[sent.flaw]?.code;
      if (code) tally.flawedSent.set(code, (tally.flawedSent.get(code) ?? 0) + times);
      else tally.validSent += times;
    }
    for (const wrong of checkOutcomes(tally, outcomes)) violated('miscounted', wrong);
  }
  for (const event of answers ? new Set([...stored.keys(), ...answers.keys()]) : []) {
    const [said, count] = [answers?.get(event) ?? 0, stored.get(event) ?? 0];
    if (said !== count) violated('answered_wrong', `${event}: said ${said}, stored ${count}`);
  }
  return { violations, details, totals: { ...totals, told: Object.fromEntries([...told].sort()) } };
}

/**
 * @param {AsyncIterable<Line> | Iterable<Line>} history
 * @param {Map<string, Known>} events Filled.
 * @param {(kind: keyof typeof VIOLATIONS, detail: string) => void} violated
 */
async function readAll(history, events, violated) {
  const totals = { events: 0, valid: 0, times: 0, attempts: 0, answered: 0, silent: 0, refused: 0, rows: 0 };
  /** @type {Map<string, number>} */
  const told = new Map();
  /** @type {Known[]} By number. */
  const byNumber = [];
  /** Tries without an answer so far. @type {Map<number, Known[]>} */
  const open = new Map();
  for await (const line of history) {
    switch (line.op) {
      case 'event': {
        const { number, id, timestamp, flaw } = line;
        const known = { sent: { number, id, timestamp, flaw }, times: 0, told: [], rows: 0 };
        events.set(id, known);
        byNumber[number] = known;
        totals.events++;
        if (flaw === null) totals.valid++;
        break;
      }
      case 'send': {
        const batch = line.numbers.map((number) => /** @type {Known} */ (byNumber[number]));
        for (const known of batch) known.times++;
        totals.times += batch.length;
        totals.attempts++;
        open.set(line.attempt, batch);
        break;
      }
      case 'silence':
        totals.silent++;
        open.delete(line.attempt);
        break;
      case 'reply': {
        const batch = open.get(line.attempt) ?? [];
        open.delete(line.attempt);
        if (line.status !== 200) totals.refused++;
        else totals.answered++;
        readReply(line, batch, told, violated);
      }
    }
  }
  return { totals, told };
}

/**
 * @param {import('./history.mjs').ReplyLine} line
 * @param {Known[]} batch
 * @param {Map<string, number>} told
 * @param {(kind: keyof typeof VIOLATIONS, detail: string) => void} violated
 */
function readReply({ attempt, status, verdicts, code }, batch, told, violated) {
  if (verdicts === null) {
    // "Not now" is no verdict. Every other refusal of a batch makes the SDK drop it.
    const later = status === 408 || status === 429 || status === 503;
    if (!later) violated('refused', `batch ${attempt} answered ${status} ${code ?? ''}`);
    return;
  }
  const ids = batch.map(({ sent }) => sent.id);
  if (
    !isDeepStrictEqual(
      verdicts.map(({ id }) => id),
      ids,
    )
  ) {
    violated(
      'bad_reply',
      `batch ${attempt}: ${verdicts.length} verdicts for ${ids.length} events, or of other ids`,
    );
    return;
  }
  verdicts.forEach(({ verdict, code }, at) => {
    const name = verdict === 'invalid' ? `invalid:${code}` : verdict;
    told.set(name, (told.get(name) ?? 0) + 1);
    if (verdict !== 'retry') batch[at]?.told.push(name);
  });
}

/**
 * @param {Known} known
 * @param {boolean} spools
 * @param {(kind: keyof typeof VIOLATIONS, detail: string) => void} violated
 */
function judge(known, spools, violated) {
  const { sent, told, times, rows } = known;
  const name = nameOf(known);
  if (rows > 1) violated('doubled', `${name} is there ${rows} times`);
  if (told.length === 0) violated('unknown', `${name}, sent ${times} times`);
  if (sent.flaw !== null) {
    const expected = `invalid:${FLAWS[sent.flaw]?.code}`;
    const other = told.find((verdict) => verdict !== expected);
    if (rows > 0) violated('mistaken', `${name} is stored`);
    else if (other) violated('mistaken', `${name} was called ${other}, expected ${expected}`);
    return;
  }
  const refusal = told.find((verdict) => !STORED.has(verdict));
  if (refusal) violated('refused', `${name} was called ${refusal}`);
  if (rows === 0 && told.some((verdict) => STORED.has(verdict)))
    violated('lost', `${name} was called ${told}`);
  if (!spools && told.filter((verdict) => verdict === 'accepted').length > 1)
    violated('accepted_twice', name);
  if (times === 1 && told[0] === 'duplicate') violated('false_duplicate', name);
}

/**
 * @param {import('./events.mjs').Sent} sent
 * @param {Row} row
 * @param {{ names: Map<string, string | null>, owners: Map<string | null, string> }} users
 * @returns {string | null}
 */
function differs(sent, row, users) {
  const { event, session_id, seq, user, properties } = expectedOf(sent);
  if (!isDeepStrictEqual(row.properties, properties)) return `properties ${JSON.stringify(row.properties)}`;
  const fixed = { event, session_id, seq, source: 'client' };
  for (const [field, value] of Object.entries(fixed)) {
    const stored = row[/** @type {keyof Row} */ (field)];
    if (stored !== value) return `${field} is ${stored}, sent ${value}`;
  }
  const later = Date.parse(row.timestamp) - Date.parse(sent.timestamp);
  const corrected = later >= SKEW_MIN_MS && later <= SKEW_MOST_MS;
  if (later !== 0 && !corrected) return `timestamp is ${row.timestamp}, sent ${sent.timestamp}`;
  if (!row.user_id || row.user_id.includes(user)) return `user_id is ${row.user_id}`;
  const calledBefore = users.names.get(user) ?? row.user_id;
  const ownedBefore = users.owners.get(row.user_id) ?? user;
  users.names.set(user, row.user_id);
  users.owners.set(row.user_id, user);
  return calledBefore === row.user_id && ownedBefore === user
    ? null
    : `user_id ${row.user_id} is another user's`;
}

/** @param {Known} known */
function nameOf({ sent }) {
  return `event ${sent.number} (${sent.id})`;
}
