// @ts-check
// A transparent proxy between the browser and the server. It forwards every byte untouched and keeps what
// the page sent and what it was told. Browsers do not show a test what a page sends as it is left; a proxy sees all.
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
    const body = await bytesOf(request).catch(() => undefined);
    // The browser gave up before it had sent all: nothing to pass on.
    if (!body) return;
    const batch = this.#record(request, body);
    const answer = await forward(this.#target.origin, request, body).catch(() => undefined);
    if (!answer) {
      // No server: the browser sees the connection break, as it would without a proxy.
      if (batch) batch.broken = true;
      response.destroy();
    } else if (batch && this.loseAnswers) {
      batch.lost = true;
      response.destroy();
    } else {
      if (batch) note(batch, answer.status, answer.body);
      response.writeHead(answer.status, answer.rawHeaders).end(answer.body);
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

/**
 * Sends a request on as it came: the same names, order and Host as the browser wrote.
 * @param {string} origin
 * @param {import('node:http').IncomingMessage} request
 * @param {Buffer} body
 */
async function forward(origin, { method, url: path, rawHeaders }, body) {
  const { hostname, port } = new URL(origin);
  const reply = await /** @type {Promise<import('node:http').IncomingMessage>} */ (
    new Promise((resolve, reject) => {
      const sent = httpRequest({ hostname, port, method, path, headers: rawHeaders, agent: false });
      sent.once('response', resolve).once('error', reject).end(body);
    })
  );
  return { status: reply.statusCode ?? 0, rawHeaders: reply.rawHeaders, body: await bytesOf(reply) };
}

/** @param {import('node:stream').Readable} stream */
async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
