// @ts-check
// The oracle must be able to fail: a true history passes, and each forgery of it is called by its name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './checker.mjs';
import { expectedOf } from './events.mjs';

const USER_ID = '6f1c7a52-0d1e-5c0b-9a57-1f2e3d4c5b6';
const FLAWED = 3;

/** @param {number} number */
const id = (number) => `0190a0a0-0000-7000-8000-00000000000${number}`;
const TIMESTAMP = '2026-11-23T20:00:00.000Z';

/**
 * Five events in two batches: 0, 1, 2, an invalid 3, and 4. The second batch gets no answer, is sent again
 * and found stored but for 4.
 */
function evidence() {
  /** @type {import('./history.mjs').Line[]} */
  const history = [0, 1, 2, FLAWED, 4].map((number) => ({
    op: 'event',
    number,
    id: id(number),
    timestamp: TIMESTAMP,
    flaw: number === FLAWED ? 'name' : null,
  }));
  history.push(
    { op: 'send', attempt: 0, numbers: [0, 1, FLAWED] },
    {
      op: 'reply',
      attempt: 0,
      status: 200,
      verdicts: [
        { id: id(0), verdict: 'accepted' },
        { id: id(1), verdict: 'accepted' },
        { id: id(FLAWED), verdict: 'invalid', code: 'invalid_event_name' },
      ],
    },
    { op: 'fault', kind: 'kill', phase: 'begin' },
    { op: 'send', attempt: 1, numbers: [2, 4] },
    { op: 'silence', attempt: 1, error: 'ECONNRESET' },
    { op: 'send', attempt: 2, numbers: [2, 4] },
    { op: 'reply', attempt: 2, status: 503, verdicts: null, code: 'store_unavailable' },
    { op: 'send', attempt: 3, numbers: [2, 4] },
    {
      op: 'reply',
      attempt: 3,
      status: 200,
      verdicts: [
        { id: id(2), verdict: 'duplicate' },
        { id: id(4), verdict: 'accepted' },
      ],
    },
  );
  const rows = [0, 1, 2, 4].map((number) => {
    const { user, ...row } = expectedOf({ number });
    return { id: id(number), timestamp: TIMESTAMP, source: 'client', user_id: USER_ID + number, ...row };
  });
  const outcomes = [
    { outcome: 'accepted', reason: /** @type {string | null} */ (null), count: 4 },
    { outcome: 'duplicate', reason: null, count: 1 },
    { outcome: 'invalid', reason: 'invalid_event_name', count: 1 },
  ];
  /** @type {Map<string, number>} */
  const answers = new Map();
  for (const { event } of rows) answers.set(event, (answers.get(event) ?? 0) + 1);
  return { history, rows, outcomes, answers };
}

/** @typedef {ReturnType<typeof evidence>} Evidence */

/** @param {Evidence} forged */
const reply = (forged, attempt = 0) => {
  const line = forged.history.find((line) => line.op === 'reply' && line.attempt === attempt);
  assert(line?.op === 'reply' && line.verdicts);
  return { ...line, verdicts: line.verdicts, line };
};

test('a true history passes', async () => {
  const { violations, details, totals } = await check(evidence());
  assert.deepEqual(details, []);
  assert(Object.values(violations).every((count) => count === 0));
  assert.deepEqual(totals, {
    events: 5,
    valid: 4,
    times: 9,
    attempts: 4,
    answered: 2,
    silent: 1,
    refused: 1,
    rows: 4,
    told: { accepted: 3, duplicate: 1, 'invalid:invalid_event_name': 1 },
  });
});

/** @type {[string, string, (forged: Evidence) => void][]} What is forged, what it must be called, how. */
const FORGERIES = [
  ['a row is missing', 'lost', ({ rows }) => rows.splice(1, 1)],
  ['a row is there twice', 'doubled', ({ rows }) => rows.push({ .../** @type {any} */ (rows[1]) })],
  [
    'a row was never sent',
    'foreign',
    ({ rows }) => rows.push({ .../** @type {any} */ (rows[1]), id: id(9) }),
  ],
  [
    'an invalid event is stored',
    'mistaken',
    ({ rows }) => rows.push({ .../** @type {any} */ (rows[1]), id: id(FLAWED) }),
  ],
  [
    'an invalid event has another code',
    'mistaken',
    (forged) => Object.assign(reply(forged).verdicts[2] ?? {}, { code: 'too_deep' }),
  ],
  [
    'a property is changed',
    'altered',
    ({ rows }) => Object.assign(rows[2]?.properties ?? {}, { marker: 'oracle-77' }),
  ],
  [
    'personal data is stored',
    'altered',
    ({ rows }) => Object.assign(rows[2]?.properties ?? {}, { email: 'person2@example.org' }),
  ],
  ['an event has another name', 'altered', ({ rows }) => Object.assign(rows[0] ?? {}, { event: 'purchase' })],
  [
    'a time is moved a little',
    'altered',
    ({ rows }) => Object.assign(rows[0] ?? {}, { timestamp: '2026-11-23T20:00:01.000Z' }),
  ],
  [
    'two users have one id',
    'altered',
    ({ rows }) => Object.assign(rows[0] ?? {}, { user_id: rows[1]?.user_id }),
  ],
  [
    'a valid event is called invalid',
    'refused',
    (forged) => Object.assign(reply(forged).verdicts[0] ?? {}, { verdict: 'invalid', code: 'too_deep' }),
  ],
  [
    'a batch is refused for good',
    'refused',
    (forged) => Object.assign(reply(forged).line, { status: 400, verdicts: null, code: 'invalid_json' }),
  ],
  [
    'an event has no verdict',
    'unknown',
    (forged) => Object.assign(reply(forged, 3).verdicts[1] ?? {}, { verdict: 'retry' }),
  ],
  [
    'an event is new twice',
    'accepted_twice',
    ({ history }) => {
      const verdicts = [{ id: id(0), verdict: 'accepted' }];
      history.push(
        { op: 'send', attempt: 9, numbers: [0] },
        { op: 'reply', attempt: 9, status: 200, verdicts },
      );
    },
  ],
  [
    'an event sent once is a duplicate',
    'false_duplicate',
    (forged) => Object.assign(reply(forged).verdicts[0] ?? {}, { verdict: 'duplicate' }),
  ],
  ['a verdict is missing', 'bad_reply', (forged) => reply(forged).verdicts.pop()],
  ['verdicts are in another order', 'bad_reply', (forged) => reply(forged).verdicts.reverse()],
  ['one accepted too many', 'miscounted', ({ outcomes }) => Object.assign(outcomes[0] ?? {}, { count: 5 })],
  ['one accepted too few', 'miscounted', ({ outcomes }) => Object.assign(outcomes[0] ?? {}, { count: 3 })],
  [
    'more duplicates than were sent',
    'miscounted',
    ({ outcomes }) => Object.assign(outcomes[1] ?? {}, { count: 5 }),
  ],
  ['a duplicate is not counted', 'miscounted', ({ outcomes }) => outcomes.splice(1, 1)],
  ['an invalid event is not counted', 'miscounted', ({ outcomes }) => outcomes.splice(2, 1)],
  [
    'an invalid event has another reason',
    'miscounted',
    ({ outcomes }) => Object.assign(outcomes[2] ?? {}, { reason: 'too_deep' }),
  ],
  [
    'something was quarantined',
    'miscounted',
    ({ outcomes }) => outcomes.push({ outcome: 'quarantined', reason: null, count: 1 }),
  ],
  [
    'more outcomes than events',
    'miscounted',
    ({ outcomes }) => outcomes.push({ outcome: 'refused', reason: 'overloaded', count: 4 }),
  ],
  [
    'an answer counts one too many',
    'answered_wrong',
    ({ answers, rows }) =>
      answers.set(String(rows[0]?.event), (answers.get(String(rows[0]?.event)) ?? 0) + 1),
  ],
  ['an answer has a name that is not stored', 'answered_wrong', ({ answers }) => answers.set('never', 1)],
  ['an answer has no events of a name', 'answered_wrong', ({ answers }) => answers.clear()],
];

for (const [what, kind, forge] of FORGERIES) {
  test(`${what}: ${kind}`, async () => {
    const forged = evidence();
    forge(forged);
    const { violations, details } = await check(forged);
    assert(
      violations[kind] && violations[kind] > 0,
      `not noticed; it said ${details.join('; ') || 'nothing'}`,
    );
  });
}
