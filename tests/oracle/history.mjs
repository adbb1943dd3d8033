// @ts-check
// The append-only history of a run as the clients saw it: one JSON line for each thing that happened, written
// as it happens. The checker reads this file and the table, and nothing that the writers keep in memory.

import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

/**
 * @typedef {import('./events.mjs').Sent} Sent
 *
 * An event exists from here on.
 * @typedef {{ op: 'event' } & Sent} EventLine
 *
 * One try to send a batch: its events by number, in order.
 * @typedef {{ op: 'send', attempt: number, numbers: number[] }} SendLine
 *
 * It was answered. `verdicts`: one for each event, in the order sent, or `null` when the answer was not 200.
 * @typedef {{ op: 'reply', attempt: number, status: number, verdicts: VerdictOf[] | null, code?: string }} ReplyLine
 * @typedef {{ id: string | null, verdict: string, code?: string | undefined }} VerdictOf
 *
 * It was not answered: refused, reset or timed out. The server may have done it or not.
 * @typedef {{ op: 'silence', attempt: number, error: string }} SilenceLine
 *
 * @typedef {{ op: 'fault', kind: string, phase: 'begin' | 'end' }} FaultLine
 *
 * @typedef {EventLine | SendLine | ReplyLine | SilenceLine | FaultLine} Line
 */

export class History {
  #stream;
  #started = performance.now();

  /** @param {string} file */
  constructor(file) {
    this.file = file;
    this.#stream = createWriteStream(file, { flags: 'a' });
  }

  /** @param {Line} line */
  add(line) {
    this.#stream.write(
      JSON.stringify({ at_ms: Math.round(performance.now() - this.#started), ...line }) + '\n',
    );
  }

  async close() {
    this.#stream.end();
    await once(this.#stream, 'finish');
  }
}

/**
 * @param {string} file
 * @returns {AsyncGenerator<Line>}
 */
export async function* readHistory(file) {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    yield JSON.parse(line);
  }
}
