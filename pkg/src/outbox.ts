// Events that wait for their verdict, shared by all tabs of a site and kept across reloads, crashes and days
// offline (docs/decisions/0006). It holds what was stripped, never what a page passed.
//
// Events are kept in chunks: what a page tracked in one task. A chunk never changes, so tabs cannot spoil each
// other's: it is written once by the page that made it and removed once by the one that delivered it. A page
// delivers its own, and those of pages that have left or must have crashed. All that is to know of a chunk stands
// in its name, so that looking for work reads no texts.

import type { Losses } from './losses.js';
import type { Store } from './store.js';

/** Events held at most: a page that loops over `trackEvent` must not exhaust its tab. */
const EVENTS_MAX = 10_000;
/** Bytes held at most. Storage has 5 MiB for all that a site keeps; half is the site's. */
const BYTES_MAX = 2.5 * 1024 * 1024;
/** Nobody looks at what happened longer ago than this; a device that was away for a month may forget it. */
const AGE_MAX_MS = 30 * 24 * 3_600_000;

/** A page that has not delivered a chunk for so long has crashed, or will not mind help. */
export const ORPHAN_MS = 10_000;

const CHUNK = 'q.';
const CONTEXT = 'c.';
const LEFT = 'left.';

/** Events that were tracked together. */
export interface Chunk {
  /** `q.TIME.PAGE.CONTEXT.EVENTS.BYTES`: in order of time. */
  name: string;
  /** The context they share, by name. */
  context: string;
  /** Whether this page made it. */
  own: boolean;
  /** Whether another tab may be at it too. */
  shared: boolean;
  events: number;
  bytes: number;
}

/** What waits. */
export class Outbox {
  readonly #store: Store;
  readonly #lose: (losses: Losses) => void;
  /** Of this page. */
  readonly #page = Array.from(crypto.getRandomValues(new Uint16Array(4)), (n) => n.toString(36)).join('');
  #lastAt = 0;
  #contexts = 0;
  #context = '';
  /** Events that wait, those of other tabs as of the last look. */
  events = 0;
  #bytes = 0;

  constructor(store: Store, lose: (losses: Losses) => void) {
    this.#store = store;
    this.#lose = lose;
    this.chunks();
  }

  /** Whether there is no room for another event beside what waits and `events` more. */
  isFull(events: number): boolean {
    return this.events + events >= EVENTS_MAX || this.#bytes >= BYTES_MAX;
  }

  /** Sets the context of the chunks from here on: a JSON object, stripped. */
  setContext(context: string): void {
    this.#context = context;
    this.#contexts++;
  }

  /** Keeps events: elements of a JSON array. */
  add(text: string, events: number, bytes: number): void {
    // Chunks of one page keep their order, whatever the clock does.
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const context = `${this.#page}.${this.#contexts}`;
    // Another tab may have tidied it away while nothing referred to it.
    if (!this.#store.get(CONTEXT + context)) this.#store.set(CONTEXT + context, this.#context);
    this.#store.set(`${CHUNK}${this.#lastAt.toString(36)}.${context}.${events}.${bytes}`, text);
    this.events += events;
    this.#bytes += bytes;
  }

  /** What this page may deliver, oldest first. Forgets what is too old, and what belongs to nothing. */
  chunks(): Chunk[] {
    const chunks: Chunk[] = [];
    const used = new Set<string>();
    const now = Date.now();
    this.events = 0;
    this.#bytes = 0;
    for (const name of this.#store.names(CHUNK)) {
      const [, at, page, number, events, bytes] = name.split('.') as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      const age = now - parseInt(at, 36);
      if (age > AGE_MAX_MS) {
        this.#store.remove(name);
        this.#lose({ too_old: +events });
        continue;
      }
      this.events += +events;
      this.#bytes += +bytes;
      const own = page === this.#page;
      const context = `${page}.${number}`;
      used.add(CONTEXT + context).add(LEFT + page);
      const shared = age > ORPHAN_MS || this.#store.get(LEFT + page) !== undefined;
      if (own || shared) chunks.push({ name, context, own, shared, events: +events, bytes: +bytes });
    }
    for (const name of [...this.#store.names(CONTEXT), ...this.#store.names(LEFT)]) {
      if (!used.has(name)) this.#store.remove(name);
    }
    return chunks;
  }

  /** Tells other pages whether this one is there to deliver its chunks. */
  setLeft(left: boolean): void {
    if (left && this.events) this.#store.set(LEFT + this.#page, '1');
    else this.#store.remove(LEFT + this.#page);
  }

  /** The text of a chunk; `undefined` if another tab has delivered it in the meantime. */
  text(chunk: Chunk): string | undefined {
    return this.#store.get(chunk.name);
  }

  /** The context of a chunk. */
  contextOf(chunk: Chunk): string {
    return this.#store.get(CONTEXT + chunk.context) ?? '{}';
  }

  /** Forgets chunks. */
  remove(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      this.#store.remove(chunk.name);
      this.events -= chunk.events;
      this.#bytes -= chunk.bytes;
    }
  }

  /** Puts one chunk with `text`, of so many events, in the place of chunks of one context: of the newest. */
  replace(chunks: readonly [Chunk, ...Chunk[]], text: string, events: number): void {
    const newest = chunks.at(-1) ?? chunks[0];
    const bytes = new Blob([text]).size;
    const name = newest.name.replace(/\d+\.\d+$/, `${events}.${bytes}`);
    // First the new: a crash in between leaves events twice, which their ids tell, not none.
    this.#store.set(name, text);
    this.remove(chunks.filter((chunk) => chunk.name !== name));
    if (name !== newest.name) {
      this.events += events;
      this.#bytes += bytes;
    }
  }
}
