// @ts-check
// One writer: sends batches over its own keep-alive connections and, like the SDK, sends again whatever got no
// verdict. On purpose it also sends what is stored already, the same batch several times at once, an event
// twice in one batch, and invalid events between valid ones.

import { Agent } from 'node:http';
import { post } from '../support/post.mjs';
import { INGEST_KEY } from '../support/server.mjs';
import { FLAWS, newEvent, wireEvent } from './events.mjs';

/**
 * @typedef {import('./events.mjs').Sent} Sent
 *
 * What writers share.
 * @typedef {object} Shared
 * @property {{ origin: string }} server It moves with each restart.
 * @property {import('./history.mjs').History} history
 * @property {{ events: number, attempts: number, resolved: number }} counters
 * @property {AbortSignal} enough No new events after this; what is pending is still delivered.
 * @property {AbortSignal} giveUp The end of all patience.
 * @property {number} pauseMs Mean pause between two batches.
 */

const REPLY_TIMEOUT_MS = 5_000;
const BACKOFF_MS = { first: 50, most: 1_000 };
/** A server may ask for more patience than a test has. */
const RETRY_AFTER_MOST_MS = 1_500;
const REMEMBERED = 400;
const TRY_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

export class Writer {
  #shared;
  #rng;
  /** Many connections where one batch is sent several times at once, otherwise one. */
  #agent = new Agent({ keepAlive: true, maxSockets: 6 });
  /** Events that have their verdict, to be sent again. @type {Sent[]} */
  #delivered = [];

  /**
   * @param {Shared} shared
   * @param {import('./random.mjs').Random} rng
   */
  constructor(shared, rng) {
    this.#shared = shared;
    this.#rng = rng;
  }

  /** Writes until it is enough, then until everything sent has its verdict or patience ends. */
  async run() {
    const { enough, pauseMs } = this.#shared;
    while (!enough.aborted) {
      const copies = this.#rng.chance(0.06) ? this.#rng.between(2, 5) : 1;
      await this.#deliver(this.#batch(), copies);
      await pause(pauseMs * 2 * this.#rng.next(), enough);
    }
    this.#agent.destroy();
  }

  /** @returns {Sent[]} */
  #batch() {
    const rng = this.#rng;
    const old = () => rng.pick(this.#delivered);
    const remembers = this.#delivered.length > 0;
    if (remembers && rng.chance(0.08)) return Array.from({ length: rng.between(1, 40) }, old);
    const size = rng.chance(0.1) ? rng.between(50, 200) : rng.between(1, 20);
    const batch = Array.from({ length: size }, () => this.#newEvent());
    if (remembers && rng.chance(0.1)) batch.push(...Array.from({ length: rng.between(1, 10) }, old));
    if (rng.chance(0.05)) batch.push(rng.pick(batch));
    return rng.shuffled(batch);
  }

  #newEvent() {
    const { counters, history } = this.#shared;
    const flaw = this.#rng.chance(0.03) ? this.#rng.pick(Object.keys(FLAWS)) : null;
    const event = newEvent(counters.events++, flaw);
    history.add({ op: 'event', ...event });
    return event;
  }

  /**
   * @param {Sent[]} batch
   * @param {number} copies Sent at once, the first time.
   */
  async #deliver(batch, copies) {
    const { giveUp, counters } = this.#shared;
    let pending = batch;
    for (let tries = 0; pending.length > 0 && !giveUp.aborted; tries++) {
      const sends = Array.from({ length: tries === 0 ? copies : 1 }, () => this.#send(pending));
      const answers = await Promise.all(sends);
      const done = new Set(answers.flatMap((answer) => answer.done));
      const left = pending.filter((event) => !done.has(event.id));
      counters.resolved += new Set(pending.map(({ id }) => id)).size - new Set(left.map(({ id }) => id)).size;
      pending = left;
      if (pending.length === 0) break;
      const backoffMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** tries) * (0.5 + this.#rng.next());
      const askedMs = Math.min(
        RETRY_AFTER_MOST_MS,
        Math.max(...answers.map(({ retryAfterMs }) => retryAfterMs)),
      );
      await pause(Math.max(backoffMs, askedMs), giveUp);
    }
    this.#delivered.push(...batch);
    this.#delivered.splice(0, this.#delivered.length - REMEMBERED);
  }

  /**
   * One try. Everything about it goes into the history.
   * @param {Sent[]} batch
   * @returns {Promise<{ done: string[], retryAfterMs: number }>} `done`: the ids with a final verdict.
   */
  async #send(batch) {
    const { server, history, counters } = this.#shared;
    const attempt = counters.attempts++;
    history.add({ op: 'send', attempt, numbers: batch.map(({ number }) => number) });
    const sentAt = this.#rng.chance(0.5) ? { sent_at: new Date().toISOString() } : {};
    const body = JSON.stringify({ key: INGEST_KEY, ...sentAt, events: batch.map(wireEvent) });
    let reply;
    try {
      reply = await post(server.origin + '/v1/events', body, {
        agent: this.#agent,
        timeout_ms: REPLY_TIMEOUT_MS,
      });
    } catch (error) {
      history.add({ op: 'silence', attempt, error: codeOf(error) });
      return { done: [], retryAfterMs: 0 };
    }
    const { status, retryAfterMs, json } = reply;
    if (status !== 200) {
      history.add({ op: 'reply', attempt, status, verdicts: null, code: String(json?.code) });
      // Any other status is final for the SDK: it would drop the batch. The checker calls that by its name.
      const done = TRY_AGAIN.has(status) ? [] : batch.map(({ id }) => id);
      return { done, retryAfterMs };
    }
    /** @type {import('./history.mjs').VerdictOf[]} */
    const verdicts = json?.verdicts ?? [];
    history.add({
      op: 'reply',
      attempt,
      status,
      verdicts: verdicts.map(({ id, verdict, code }) => ({ id, verdict, code })),
    });
    const done = verdicts.filter(({ verdict }) => verdict !== 'retry').map(({ id }) => String(id));
    return { done, retryAfterMs };
  }
}

/** @param {unknown} error */
function codeOf(error) {
  const { code, name } = /** @type {{ code?: string, name?: string }} */ (error);
  return code ?? name ?? 'unknown';
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal Ends it early.
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
