// What waits to be sent, in order and within bounds. No I/O, no clock, no timers.

import type { TelemetryError } from './errors.js';
import type { Segment } from './journal.js';
import type { Consent, Verdict } from './types.js';

/** An event that waits: judged, stripped, written. */
export interface Entry {
  readonly id: string;
  readonly text: string;
  readonly bytes: number;
  readonly consent: Consent | undefined;
  /** Who waits for its verdict. Nobody: the event is kept until it has one. */
  readonly waiter: Waiter | undefined;
  /** Whoever waited has given up: the event is not sent again. */
  isAbandoned?: boolean;
  /** Where it is kept on disk, once it is. */
  segment?: Segment | undefined;
  /** It had its verdict before it was written there. */
  isSettled?: boolean;
}

/** The promise of one `logTelemetry`. */
export interface Waiter {
  resolve(verdict: Verdict): void;
  reject(error: TelemetryError): void;
  timer?: ReturnType<typeof setTimeout>;
}

/** Events in the order of their making. What is taken counts until it is settled or put back. */
export class Queue {
  #waiting: Entry[] = [];
  #events = 0;
  #bytes = 0;
  #awaited = 0;
  readonly #eventsMax: number;
  readonly #bytesMax: number;

  constructor(eventsMax: number, bytesMax: number) {
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  /** Events, those on their way included. */
  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Events that are not on their way. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether somebody waits for the verdict of an event that is not on its way. */
  get isAwaited(): boolean {
    return this.#awaited > 0;
  }

  /** Those whose verdict somebody waits for, and that are not on their way. */
  awaited(): Entry[] {
    return this.#waiting.filter((entry) => entry.waiter);
  }

  /** How many bytes may still come. */
  get room(): number {
    return this.#events < this.#eventsMax ? this.#bytesMax - this.#bytes : 0;
  }

  /** Takes an event in. `false`: there is no room for it. */
  add(entry: Entry): boolean {
    if (this.#events >= this.#eventsMax || this.#bytes + entry.bytes > this.#bytesMax) return false;
    this.#events++;
    this.#bytes += entry.bytes;
    this.#waiting.push(entry);
    if (entry.waiter) this.#awaited++;
    return true;
  }

  /** The next batch: the first event, and those after it with the same consent, at most so many. */
  take(eventsMax: number, bytesMax: number): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    let isFull = false;
    const [first] = this.#waiting;
    this.#waiting = this.#waiting.filter((entry) => {
      if (isFull || entry.consent !== first?.consent) return true;
      isFull = taken.length === eventsMax || (taken.length > 0 && bytes + entry.bytes > bytesMax);
      if (isFull) return true;
      bytes += entry.bytes;
      taken.push(entry);
      if (entry.waiter) this.#awaited--;
      return false;
    });
    return taken;
  }

  /** What was taken waits again, before all others. */
  putBack(entries: readonly Entry[]): void {
    this.#waiting.unshift(...entries);
    this.#awaited += entries.filter((entry) => entry.waiter).length;
  }

  /** What was taken is done with. */
  settle(entries: readonly Entry[]): void {
    this.#events -= entries.length;
    for (const entry of entries) this.#bytes -= entry.bytes;
  }

  /** Takes an event out that is not on its way; `false` if it is, or is done with. */
  remove(entry: Entry): boolean {
    const index = this.#waiting.indexOf(entry);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    if (entry.waiter) this.#awaited--;
    this.settle([entry]);
    return true;
  }
}
