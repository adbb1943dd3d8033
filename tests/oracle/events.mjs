// @ts-check
// The events of a run. Event n is made from its number alone, but for its id and time, so that a history need
// keep no more than those to know exactly what must be stored of it, or why it must be refused.

import { randomBytes } from 'node:crypto';

/**
 * What a history keeps of an event.
 * @typedef {object} Sent
 * @property {number} number Unique in a run.
 * @property {string} id
 * @property {string} timestamp
 * @property {string | null} flaw A name of FLAWS; `null`: the event is valid.
 *
 * What the table must hold of a valid event.
 * @typedef {object} Expected
 * @property {string} event
 * @property {string} session_id
 * @property {number} seq
 * @property {string} user What the same `user_id` must stand for.
 * @property {Record<string, unknown>} properties
 */

const NAMES = ['page_view', 'add_to_cart', 'remove_from_cart', 'checkout_start', 'purchase', 'search'];
const USERS = 40;
const SESSIONS = 60;

/**
 * What can be wrong with an event: how it is spoilt, and the code it must be refused with.
 * @type {Record<string, { code: string, spoil: (event: Record<string, any>) => void }>}
 */
export const FLAWS = {
  name: { code: 'invalid_event_name', spoil: (event) => (event.event = 'Invalid-Event-Name') },
  nameless: { code: 'missing_field', spoil: (event) => delete event.event },
  year_1970: { code: 'timestamp_out_of_range', spoil: (event) => (event.timestamp = '1970-01-01T00:00:00Z') },
  nul: { code: 'nul_character', spoil: (event) => (event.properties.title = 'a\u0000b') },
  long: { code: 'string_too_long', spoil: (event) => (event.properties.title = 'x'.repeat(5000)) },
  deep: {
    code: 'too_deep',
    spoil: (event) => (event.properties.deep = { a: { b: { c: { d: { e: { f: 1 } } } } } }),
  },
  typed: { code: 'wrong_type', spoil: (event) => (event.properties = [1, 2]) },
};

/**
 * @param {number} number
 * @param {string | null} flaw
 * @returns {Sent}
 */
export function newEvent(number, flaw) {
  const now = Date.now();
  return { number, id: uuidV7(now), timestamp: new Date(now).toISOString(), flaw };
}

/**
 * The event as it goes over the wire.
 * @param {Sent} sent
 */
export function wireEvent({ number, id, timestamp, flaw }) {
  const { event, session_id, seq, user, properties } = expectedOf({ number });
  /** @type {Record<string, any>} */
  const wire = {
    id,
    event,
    timestamp,
    // With the personal data that must not be stored.
    properties: {
      email: `person${number}@example.org`,
      ...properties,
      note: `call person${number}@example.org about ${number}`,
      nested: { phone: '+49 30 1234567', .../** @type {object} */ (properties.nested) },
    },
    user_id: user,
    session_id,
    seq,
  };
  if (flaw !== null) FLAWS[flaw]?.spoil(wire);
  return wire;
}

/**
 * @param {{ number: number }} sent
 * @returns {Expected}
 */
export function expectedOf({ number }) {
  return {
    event: NAMES[number % NAMES.length] ?? '',
    session_id: `oracle-session-${number % SESSIONS}`,
    seq: number,
    user: `oracle-user-${number % USERS}`,
    properties: {
      marker: `oracle-${number}`,
      number,
      price: number / 100,
      title: `Käse ${number} \u{1f9c0} "quoted" \\ line\nend`,
      tags: [number % 7, `tag-${number % 11}`, null, true],
      note: `call [email] about ${number}`,
      nested: { depth: 2, inner: { marker: `oracle-${number}` } },
    },
  };
}

/** @param {number} unixMs */
export function uuidV7(unixMs) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(unixMs, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
