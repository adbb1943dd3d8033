// @ts-check
// Requests that no honest client sends. Each may be answered with a status of these, or cut off.

import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { INGEST_KEY } from '../support/server.mjs';

const MIB = 1 << 20;

/**
 * @typedef {object} Hostile
 * @property {string} name
 * @property {() => Iterable<Buffer | string>} pieces What is sent, one after the other.
 * @property {number} [every_ms] Between the pieces.
 * @property {number[]} statuses Of which the answer has one, if there is an answer.
 * @property {string} [code] Of the answer.
 */

/** @param {Buffer | string} body @param {string[]} [headers] */
function post(body, headers = []) {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  const head = ['POST /v1/events HTTP/1.1', 'host: x', length, ...headers].join('\r\n');
  return Buffer.concat([Buffer.from(head + '\r\n\r\n'), Buffer.from(body)]);
}

/** @param {string[]} events Each as JSON. */
export const batch = (...events) => `{"key":"${INGEST_KEY}","events":[${events.join(',')}]}`;

/** @param {object} [properties] @returns {string} An event that nothing is wrong with. */
export const honest = (properties = { step: 1 }) =>
  JSON.stringify({
    id: randomUUID(),
    event: 'honest',
    timestamp: new Date().toISOString(),
    properties,
    session_id: 's_1',
    seq: 1,
  });

/** @param {number} count */
export const manyProperties = (count) =>
  honest(Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, at])));

/** @param {number} depth */
const deep = (depth) => honest().replace('"step":1', `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`);

/** A megabyte that becomes a gigabyte: as many times the same 16 MiB. */
function bomb() {
  const member = gzipSync(Buffer.alloc(16 * MIB));
  return Buffer.concat(Array.from({ length: 64 }, () => member));
}

/** @param {string} start @param {string} piece @param {number} times */
function* endless(start, piece, times) {
  yield start;
  for (let time = 0; time < times; time++) yield piece;
}

/** A byte that is none, one too long, and half a pair, in an event's name. */
const INVALID_UTF8 = Buffer.concat([
  Buffer.from(`{"key":"${INGEST_KEY}","events":[{"event":"`),
  Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
  Buffer.from('"}]}'),
]);

/** @type {Hostile[]} */
export const HOSTILE = [
  {
    name: '50 MB, announced and sent',
    pieces: () =>
      endless(
        `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: ${50 * MIB}\r\n\r\n`,
        ' '.repeat(MIB),
        50,
      ),
    statuses: [413],
    code: 'batch_too_large',
  },
  {
    name: '50 MB in chunks, of unknown length',
    pieces: () =>
      endless(
        'POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
        `${MIB.toString(16)}\r\n${' '.repeat(MIB)}\r\n`,
        50,
      ),
    statuses: [413],
    code: 'batch_too_large',
  },
  {
    name: 'JSON 100,000 deep, as the body',
    pieces: () => [post('['.repeat(100_000) + ']'.repeat(100_000))],
    statuses: [400],
    code: 'invalid_json',
  },
  {
    name: 'JSON 100,000 deep, as a property',
    pieces: () => [post(batch(deep(100_000)))],
    statuses: [200, 400],
  },
  { name: 'invalid UTF-8', pieces: () => [post(INVALID_UTF8)], statuses: [200], code: 'invalid_utf8' },
  {
    name: 'a gzip bomb of 1 GiB',
    pieces: () => [post(bomb(), ['content-encoding: gzip'])],
    statuses: [413],
    code: 'decompressed_too_large',
  },
  { name: '10,000 properties', pieces: () => [post(batch(manyProperties(10_000)))], statuses: [200] },
  {
    name: '10,000 headers',
    pieces: () => [`GET / HTTP/1.1\r\n${'x-flood: 0123456789\r\n'.repeat(10_000)}\r\n`],
    statuses: [431],
  },
  {
    name: 'headers without an end',
    pieces: () => endless('GET / HTTP/1.1\r\n', 'x-flood: 0123456789\r\n', 1_000_000),
    statuses: [431, 408],
  },
  {
    name: 'a body of one byte a second',
    pieces: () => endless('POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n', ' ', 1000),
    every_ms: 1000,
    statuses: [408],
    code: 'request_timeout',
  },
  {
    name: 'headers of one byte a second',
    pieces: () => endless('', 'G', 1000),
    every_ms: 1000,
    statuses: [408],
  },
  { name: 'no HTTP at all', pieces: () => [Buffer.from('16030102000100fc0303', 'hex')], statuses: [400] },
];
