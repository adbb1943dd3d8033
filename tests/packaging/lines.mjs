// @ts-check
// Event lines from a seed: good ones, ones that break a rule, ones full of what detectors look for, and all
// of these with characters knocked out of place.

import { random } from '../oracle/random.mjs';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const TEXTS = [
  'ada@example.org',
  'mail ada.lovelace+news@mail.example.co.uk, or call +44 20 7946 0958 after 9',
  '(415) 555-0132',
  'tel:+14155550132;ext=5',
  '4111 1111 1111 1111',
  '4111-1111-1111-1112',
  'order 378282246310005 of 2026-11-23',
  'https://shop.example/?email=ada%40example.org&token=abc#ada@example.org',
  'https://shop.example/c/4242424242424242?phone=%2B4915112345678',
  '192.168.100.200',
  '2026-11-23T20:00:00.000Z',
  '3.14159265358979',
  '9007199254740993',
  'ada@',
  '@example.org',
  'a%40b.cd',
  'IBAN DE89 3704 0044 0532 0130 00, gb82west12345698765432',
  'SSN 078-05-1120, AB 12 34 56 C, 77082414171 and 756.2140.3579.85',
  'from [2001:db8::ff00:42:8329]:443 and fe80::1%eth0',
  '00:1A:2B:3C:4D:5E 001a.2b3c.4d5e',
  'Authorization: Bearer abcdefghijklmnop-0123456789',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123_-',
  ['key sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_'),
  ['-----BEGIN RSA PRIVATE', 'KEY-----\nMIIEowIBAAKCAQEA75\n-----END RSA PRIVATE', 'KEY-----'].join(' '),
  'postgres://ada:secret@db.example.org:5432/main?password=hunter2',
  '{"user":"x","password":"hunter2","n":1}',
  '+４９ ３０ １２３４５６７, ٠٦ ١٢ ٣٤ ٥٦ ٧٨',
  'at 52.520008, 13.404954 by EMP-0042 or ab12c3',
  'x=j%C3%BCrgen%2540m%C3%BCller.example&token=a%20b&code=1',
  'a [email] [phone:0123abcd] [token]@[card]',
  // Made to hurt.
  'A1'.repeat(600),
  '1.1-'.repeat(400),
  'x@y.zz%40'.repeat(150),
  'pwd:'.repeat(400),
  '%25'.repeat(500),
  'ÄÖÜ ß 日本語 😀 \u2028',
  '\ud83d half',
  'line\nbreak\ttab "quoted" \\ / \u007f',
  '',
  'x'.repeat(2048),
  'é'.repeat(2049),
  'a\u0000b',
];
const TAME_TEXTS = TEXTS.length - 3;
// In each of these lists the items that break a rule come last.
const KEYS = ['plan', 'note', 'email', 'E-Mail', 'phone_number', 'billingAddress', 'address', 'addressed', 'tel', 'firstName', 'dob', 'iban', 'ssn', 'password', 'items', 'a.b', '', 'ключ', 'ada@example.org', 'k'.repeat(64), '__proto__', 'k'.repeat(65)]; // prettier-ignore
const TAME_KEYS = KEYS.length - 1;
const NAMES = [
  'add_to_cart',
  'a',
  'z_'.repeat(50),
  'z_'.repeat(51),
  'Invalid-Event-Name',
  'sign up',
  '',
  'événement',
  '_',
];
const NUMBERS = ['0', '-0', '1.5', '-1e-7', '1e308', '1e309', '123456789012345678901234567890', '01', '1.', '.5', '+1', 'NaN', '4111111111111111', '14155550132', '0.'.padEnd(70, '3')]; // prettier-ignore

/**
 * @param {number} seed
 * @param {number} count
 * @param {number} nowMs Times lie well inside or well outside what is allowed at this moment.
 * @returns {string[]}
 */
export function eventLines(seed, count, nowMs) {
  const { next, between, chance, pick } = random(seed);
  const hex = (/** @type {number} */ digits) =>
    Array.from({ length: digits }, () => between(0, 15).toString(16)).join('');
  const uuid = () => `${hex(8)}-${hex(4)}-7${hex(3)}-a${hex(3)}-${hex(12)}`;

  /** Whether the line now made keeps to the rules. */
  let tame = true;
  /** From a list whose first `good` items break no rule. @template T @param {readonly T[]} items @param {number} good @returns {T} */
  const choose = (items, good) => pick(tame ? items.slice(0, good) : items);
  const odd = (/** @type {number} */ probability) => !tame && chance(probability);

  /** Text of a JSON string, its characters now plain, now escaped. @param {string} text */
  const string = (text) =>
    chance(0.8)
      ? JSON.stringify(text)
      : `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;

  /** @param {number} depth @returns {string} */
  function value(depth) {
    const kind = next();
    const deepest = tame ? 4 : 7;
    if (depth < deepest && kind < 0.12) return object(depth + 1, between(0, 4));
    if (depth < deepest && kind < 0.2)
      return `[${Array.from({ length: between(0, 4) }, () => value(depth + 1)).join()}]`;
    if (kind < 0.6) return string(choose(TEXTS, TAME_TEXTS));
    if (kind < 0.7) return string(`${choose(TEXTS, TAME_TEXTS)} ${choose(TEXTS, TAME_TEXTS)}`);
    if (kind < 0.9) return chance(0.5) ? String(between(-1e6, 1e6)) : choose(NUMBERS, 5);
    return choose(['true', 'false', 'null', 'nul', 'True'], 3);
  }

  /** @param {number} depth @param {number} members @returns {string} */
  function object(depth, members) {
    const space = chance(0.1) ? ' \t' : '';
    const member = () =>
      `${space}${string(chance(0.3) ? choose(KEYS, TAME_KEYS) : `k${hex(6)}`)}${space}:${space}${value(depth)}`;
    return `{${Array.from({ length: members }, member).join(',')}${space}}`;
  }

  const time = () => {
    const agoMs = choose(
      [0, HOUR_MS, 30 * DAY_MS, 399 * DAY_MS, -20 * HOUR_MS, 402 * DAY_MS, -3 * DAY_MS],
      5,
    );
    const text = new Date(nowMs - agoMs).toISOString();
    return choose([text, text.replace('Z', '+00:00'), text.replace(/\.\d+Z/, 'Z'), text.replace('T', ' '), text.slice(0, 10), '2026-02-30T00:00:00Z', '1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z'], 3); // prettier-ignore
  };

  function line() {
    const members = [
      // Always an id: for an event without one each side makes its own.
      `"id":${string(!odd(0.05) ? uuid() : pick(['', 'x', uuid().toUpperCase(), `{${uuid()}}`]))}`,
      `"event":${!odd(0.05) ? string(chance(0.7) ? 'add_to_cart' : choose(NAMES, 3)) : value(1)}`,
      `"timestamp":${!odd(0.05) ? string(time()) : value(1)}`,
    ];
    if (chance(0.95)) members.push(`"properties":${!odd(0.05) ? object(1, odd(0.03) ? 65 : between(0, 8)) : value(1)}`); // prettier-ignore
    if (chance(0.4)) members.push(`"user_id":${!odd(0.1) ? string(choose(['user-42', `u_${hex(32)}`, 'é'.repeat(257), ''], 2)) : value(1)}`); // prettier-ignore
    if (chance(0.4)) members.push(`"session_id":${!odd(0.1) ? string(choose(['s1', hex(32), 's'.repeat(101)], 2)) : value(1)}`); // prettier-ignore
    if (chance(0.4)) members.push(`"seq":${!odd(0.2) ? String(between(0, 1e6)) : pick(NUMBERS)}`);
    if (chance(0.1)) members.push(`"unknown":${value(1)}`);
    return `{${members.join(',')}}`;
  }

  /** @param {string} text */
  function damaged(text) {
    const characters = [...text];
    for (let n = between(1, 3); n > 0; n--) {
      const at = between(0, characters.length - 1);
      const junk = () => pick(['"', '\\', '{', '}', '[', ']', ',', ':', '0', 'e', ' ', '\u0001', '😀', '@']);
      characters.splice(at, between(0, 2), ...(chance(0.7) ? [junk()] : []));
    }
    return characters.join('');
  }

  const lines = Array.from({ length: count }, () => {
    tame = chance(0.5);
    return chance(0.8) ? line() : damaged(line());
  });
  // A line that is not an id's place any more would get an id of each side's own.
  return lines.filter((text) => /"id":"/.test(text) && text.trim() === text);
}
