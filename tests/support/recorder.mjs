// @ts-check
// A transparent proxy between the browser and the server. It forwards every byte untouched and keeps what
// the page sent and what it was told. Browsers do not show the bodies of beacons to a test; a proxy sees all.
// It can also lose answers, as networks do.

import { createServer, request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { until } from './wait.mjs';

/**
 * One batch as it passed by.
 * @typedef {object} Batch
 * @property {string} body Decoded text.
 * @property {Record<string, any>[]} events
 * @property {string} contentType
 * @property {boolean} beacon
 * @property {number | null} status Of the answer; `null` while there is none.
 * @property {boolean} broken The connection to the server broke before an answer.
 * @property {boolean} lost It was answered, and the answer was kept from the page.
 * @property {Map<string, string>} verdicts Verdict by id, from a 2xx answer.
 */

export class Recorder {
  /** @type {Batch[]} */
  batches = [];
  /** Every request's body, decoded, batches and others: to be searched. */
  bodies = /** @type {string[]} */ ([]);
  /** While true, batches reach the server and its answers do not reach the page. */
  loseAnswers = false;
  #target;
  #inFlight = 0;
  #server;
  origin = '';

  /** @param {{ origin: string }} target Whose `origin` is asked at each request: it may move. */
  constructor(target) {
    this.#target = target;
    this.#server = createServer((request, response) => this.#pass(request, response));
  }

  /**
   * @param {{ origin: string }} target
   * @returns {Promise<Recorder>} Listening.
   */
  static async start(target) {
    const recorder = new Recorder(target);
    await new Promise((resolve) => recorder.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const address = /** @type {import('node:net').AddressInfo} */ (recorder.#server.address());
    recorder.origin = `http://127.0.0.1:${address.port}`;
    return recorder;
  }

  /** Ids the page sent, each once, in the order first seen. */
  get idsSent() {
    return [...new Set(this.batches.flatMap((batch) => batch.events.map((event) => String(event.id))))];
  }

  /** Ids that the page was told are stored. */
  get idsAcknowledged() {
    const done = new Set(['accepted', 'duplicate']);
    return this.batches.flatMap(({ verdicts }) =>
      [...verdicts].filter(([, v]) => done.has(v)).map(([id]) => id),
    );
  }

  /** Names of events sent, with repetitions. */
  get names() {
    return this.batches.flatMap((batch) => batch.events.map((event) => String(event.event)));
  }

  /** Waits until no request is without an answer. */
  async quiet() {
    await until('all requests to be answered', () => this.#inFlight === 0);
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #pass(request, response) {
    this.#inFlight++;
    response.once('close', () => this.#inFlight--);
    /** @type {Batch | undefined} */
    let batch;
    try {
      const body = await bytesOf(request);
      batch = this.#record(request, body);
      const { hostname, port } = new URL(this.#target.origin);
      const { method, url: path, rawHeaders } = request;
      // Raw headers: the same names, order and Host as the browser wrote.
      const forwarded = httpRequest({
        hostname,
        port,
        method,
        path,
        headers: pairs(rawHeaders),
        agent: false,
      });
      forwarded.end(body);
      const reply = await /** @type {Promise<import('node:http').IncomingMessage>} */ (
        new Promise((resolve, reject) => forwarded.once('response', resolve).once('error', reject))
      );
      const replyBody = await bytesOf(reply);
      if (batch && this.loseAnswers) {
        batch.lost = true;
        response.destroy();
        return;
      }
      if (batch) note(batch, reply.statusCode ?? 0, replyBody);
      response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      response.end(replyBody);
    } catch {
      // No server: the browser sees the connection break, as it would without a proxy.
      if (batch) batch.broken = true;
      response.destroy();
    }
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {Buffer} bytes
   * @returns {Batch | undefined}
   */
  #record(request, bytes) {
    const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const body = (gzipped ? gunzipSync(bytes) : bytes).toString('utf8');
    this.bodies.push(body);
    if (request.method !== 'POST' || !request.url?.startsWith('/v1/events')) return undefined;
    /** @type {Batch} */
    const batch = {
      body,
      events: JSON.parse(body).events,
      contentType: request.headers['content-type'] ?? '',
      // What browsers send with a beacon, and with no fetch of the SDK.
      beacon: request.headers['sec-fetch-mode'] === 'no-cors',
      status: null,
      broken: false,
      lost: false,
      verdicts: new Map(),
    };
    this.batches.push(batch);
    return batch;
  }
}

/**
 * @param {Batch} batch
 * @param {number} status
 * @param {Buffer} reply
 */
function note(batch, status, reply) {
  batch.status = status;
  if (status < 200 || status > 299) return;
  for (const { id, verdict } of JSON.parse(reply.toString('utf8')).verdicts) batch.verdicts.set(id, verdict);
}

/** @param {import('node:stream').Readable} stream */
async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Node's flat list of raw headers as an object; repeated names become lists.
 * @param {string[]} raw
 */
function pairs(raw) {
  /** @type {Record<string, string[]>} */
  const headers = {};
  for (let at = 0; at < raw.length; at += 2) (headers[raw[at] ?? ''] ??= []).push(raw[at + 1] ?? '');
  return headers;
}
