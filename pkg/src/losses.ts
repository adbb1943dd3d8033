// Counts of events that will never arrive, by reason, so that the server can tell what is missing and why.
// Counts only: it decides nothing.

/** Events lost in the page, by reason. The names go on the wire. */
export interface Losses {
  /** They broke a rule: their name or their properties. */
  invalid?: number;
  /** There was no room for them: too many wait. */
  queue_full?: number;
  /** They waited for more than 30 days. */
  too_old?: number;
  /** The browser had no room to keep them, and the page ended before they were delivered. */
  storage_full?: number;
  /** The page ended before the wasm was there to strip them; raw, they are neither kept nor sent. */
  not_ready?: number;
  /** `sample` left them out. */
  sampled?: number;
  /** `beforeSend` left them out. */
  before_send?: number;
  /** The visitor did not consent. */
  consent?: number;
  /** The browser asks for privacy (Global Privacy Control). */
  gpc?: number;
  /** The server refused the whole batch for good. */
  refused?: number;
  /** They were tracked after `shutdown`. */
  shut_down?: number;
}

/** Counts by name. */
export type Counts = Record<string, number>;

/** Adds counts to counts. */
export function add<C extends Losses | Counts>(counts: C, more: C): void {
  for (const [name, count] of Object.entries(more)) {
    (counts as Counts)[name] = ((counts as Counts)[name] ?? 0) + count;
  }
}
