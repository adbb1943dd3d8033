// Counts of events that will never arrive, by reason, so that the server can tell what is missing and why.
// Counts only: it decides nothing.

import type { Store } from './store.js';

/** Events lost in the page, by reason. The names go on the wire. */
export interface Losses<T = number> {
  /** They broke a rule: their name or their properties. */
  invalid?: T;
  /** There was no room for them: too many wait. */
  queue_full?: T;
  /** They waited for more than 30 days. */
  too_old?: T;
  /** The browser had no room to keep them, and the page ended before they were delivered. */
  storage_full?: T;
  /** The page ended before the wasm was there to strip them; raw, they are neither kept nor sent. */
  not_ready?: T;
  /** `sample` left them out. */
  sampled?: T;
  /** `beforeSend` left them out. */
  before_send?: T;
  /** The visitor did not consent. */
  consent?: T;
  /** The browser asks for privacy (Global Privacy Control). */
  gpc?: T;
  /** The server refused the whole batch for good. */
  refused?: T;
  /** They were tracked after `shutdown`. */
  shut_down?: T;
}

/** Counts by name. */
export type Counts = Record<string, number>;

/** Where losses wait that no batch of their page could report. */
const LOST = 'lost';

/** Adds counts to counts. */
export function add<C extends Losses | Counts>(counts: C, more: C): void {
  for (const [name, count] of Object.entries(more)) {
    (counts as Counts)[name] = ((counts as Counts)[name] ?? 0) + count;
  }
}

/** Keeps losses for the next page to report. */
export function saveLosses(store: Store, losses: Losses): void {
  if (!Object.keys(losses).length) return;
  add(losses, savedLosses(store));
  store.set(LOST, JSON.stringify(losses));
}

/** Losses of pages before this one; they are forgotten. */
export function savedLosses(store: Store): Losses {
  const text = store.get(LOST);
  if (!text) return {};
  store.remove(LOST);
  return JSON.parse(text) as Losses;
}
