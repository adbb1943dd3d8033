// @ts-check
// A tiny server for pages under test: serves folders, and takes `POST /v1/events` as the real one would,
// keeping what it was sent. What it answers can be set. It judges nothing.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { until } from '../support/wait.mjs';

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
});

/**
 * @typedef {object} Batch
 * @property {any} body As the page wrote it.
 * @property {Record<string, any>[]} events
 * @property {string} contentType
 * @property {boolean} gzip As all are that are large enough, but those of a page that is left.
 * @property {number} bytes
 *
 * @typedef {object} Reply
 * @property {number} [status]
 * @property {Record<string, string>} [headers]
 * @property {unknown} [body] Default: every event accepted.
 */

export class Collector {
  /** @type {Batch[]} */
  batches = [];
  origin = '';
  /** Headers of every page. @type {Record<string, string>} */
  pageHeaders = {};
  /** What is answered to a batch; may wait. @type {(batch: Batch) => Reply | Promise<Reply>} */
  reply = () => ({});
  #folders;
  #server = createServer((request, response) => void this.#answer(request, response));

  /** @param {Record<string, string>} folders Folder or page text by path prefix, the first that fits. */
  constructor(folders) {
    this.#folders = folders;
  }

  /** @param {Record<string, string>} folders */
  static async start(folders) {
    const collector = new Collector(folders);
    await new Promise((resolve) => collector.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (collector.#server.address());
    collector.origin = `http://127.0.0.1:${port}`;
    return collector;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Every event received, repetitions included. */
  get events() {
    return this.batches.flatMap((batch) => batch.events);
  }

  /** Waits for so many events, repetitions included. @param {number} count */
  async received(count) {
    await until(`${count} events`, () => this.events.length >= count);
    return this.events;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(request, response) {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    if (path === '/v1/events') return this.#take(request, response);
    const [prefix, source] = Object.entries(this.#folders).find(([prefix]) => path.startsWith(prefix)) ?? [];
    if (prefix === undefined || source === undefined) return void response.writeHead(404).end();
    if (source.startsWith('<')) {
      return void response.writeHead(200, { 'content-type': 'text/html', ...this.pageHeaders }).end(source);
    }
    const file = normalize(`/${path.slice(prefix.length)}`);
    try {
      const bytes = await readFile(join(source, file.endsWith('/') ? `${file}index.html` : file));
      const type = TYPES[extname(file)] ?? 'text/html';
      response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #take(request, response) {
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' };
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // Whoever sent it is gone, as a page is when its browser is closed at the end of a test: nothing was received.
      return;
    }
    const bytes = Buffer.concat(chunks);
    const gzip = bytes[0] === 0x1f;
    const body = JSON.parse((gzip ? gunzipSync(bytes) : bytes).toString('utf8'));
    const batch = {
      body,
      events: body.events,
      contentType: request.headers['content-type'] ?? '',
      gzip,
      bytes: bytes.length,
    };
    this.batches.push(batch);
    const { status = 200, headers = {}, body: reply = accept(batch) } = await this.reply(batch);
    if (status === 0) return void response.destroy();
    response.writeHead(status, { ...cors, ...headers }).end(JSON.stringify(reply));
  }
}

/**
 * A reply that gives every event a verdict, `accepted` unless told.
 * @param {Batch} batch
 * @param {(event: Record<string, any>) => string} [verdictOf]
 */
export function accept(batch, verdictOf = () => 'accepted') {
  return { verdicts: batch.events.map((event) => ({ id: event.id, verdict: verdictOf(event) })) };
}
