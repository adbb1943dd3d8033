// Events that wait for their verdict, shared by all tabs of a site and kept across reloads, crashes and days
// offline (docs/decisions/0006). It holds what was stripped, never what a page passed.
//
// Events are kept in chunks: what a page tracked in one moment, with the context it shares. A chunk never changes, so
// tabs cannot spoil each other's: it is written once by the page that made it and removed once by the one that
// delivered it. A page delivers its own, and those of pages that have left or must have crashed. All that is to know
// of a chunk to choose it stands in its name, so that looking for work reads no texts.

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
const LEFT = 'left.';

/** Events that were tracked together. */
export interface Chunk {
  /** `q.TIME.PAGE.EVENTS.BYTES`: in order of time. */
  name: string;
  /** Whether this page made it. */
  own: boolean;
  /** Whether another tab may be at it too. */
  shared: boolean;
  events: number;
  bytes: number;
}

/** What waits. */
export type Outbox = ReturnType<typeof openOutbox>;

/** Looks at what waits only when asked: the first look at the browser's storage is slow. */
export function openOutbox(store: Store, lose: (losses: Losses) => void) {
  /** Of this page. */
  const page = Array.from(crypto.getRandomValues(new Uint16Array(4)), (n) => n.toString(36)).join('');
  let lastAt = 0;
  let bytesHeld = 0;
  const outbox = {
    /** Events that wait, those of other tabs as of the last look. */
    events: 0,

    /** Whether there is no room for another event beside what waits and `more`. */
    isFull: (more: number) => outbox.events + more >= EVENTS_MAX || bytesHeld >= BYTES_MAX,

    /** Keeps events, elements of a JSON array, and their context, a JSON object without line breaks. */
    add(context: string, text: string, events: number, bytes: number): void {
      // Chunks of one page keep their order, whatever the clock does.
      lastAt = Math.max(Date.now(), lastAt + 1);
      store.set(`${CHUNK}${lastAt.toString(36)}.${page}.${events}.${bytes}`, `${context}\n${text}`);
      outbox.events += events;
      bytesHeld += bytes;
    },

    /** What this page may deliver, oldest first. Forgets what is too old, and what belongs to nothing. */
    chunks(): Chunk[] {
      const chunks: Chunk[] = [];
      const used: string[] = [];
      outbox.events = bytesHeld = 0;
      for (const name of store.names(CHUNK)) {
        const [, at, maker, ...counts] = name.split('.') as [string, string, string];
        const [events, bytes] = counts.map(Number) as [number, number];
        const age = Date.now() - parseInt(at, 36);
        if (age > AGE_MAX_MS) {
          store.remove(name);
          lose({ too_old: events });
          continue;
        }
        outbox.events += events;
        bytesHeld += bytes;
        used.push(LEFT + maker);
        const own = maker === page;
        const shared = age > ORPHAN_MS || store.get(LEFT + maker) !== undefined;
        if (own || shared) chunks.push({ name, own, shared, events, bytes });
      }
      for (const name of store.names(LEFT)) if (!used.includes(name)) store.remove(name);
      return chunks;
    },

    /** Tells other pages whether this one is there to deliver its chunks. */
    setLeft(left: boolean): void {
      if (left && outbox.events) store.set(LEFT + page, '1');
      else store.remove(LEFT + page);
    },

    /** A chunk's context and events; `undefined` if another tab has delivered it in the meantime. */
    read: ({ name }: Chunk) => store.get(name)?.split('\n') as [context: string, text: string] | undefined,

    /** Forgets chunks. */
    remove(chunks: readonly Chunk[]): void {
      for (const { name, events, bytes } of chunks) {
        store.remove(name);
        outbox.events -= events;
        bytesHeld -= bytes;
      }
    },

    /** Puts one chunk, of so many events, in the place of chunks of one context: of the newest. */
    replace(chunks: readonly [Chunk, ...Chunk[]], context: string, text: string, events: number): void {
      const bytes = new Blob([text]).size;
      const newest = chunks.at(-1) ?? chunks[0];
      const name = newest.name.replace(/\d+\.\d+$/, `${events}.${bytes}`);
      // First the new: a crash in between leaves events twice, which their ids tell, not none.
      store.set(name, `${context}\n${text}`);
      outbox.remove(chunks.filter((chunk) => chunk.name !== name));
      if (name !== newest.name) {
        outbox.events += events;
        bytesHeld += bytes;
      }
    },
  };
  return outbox;
}
