// Counts of events that will never arrive, by reason, so that the server can tell what is missing and why.
// Counts only: it decides nothing.

/** Events lost in the page, by reason. The names go on the wire. */
export interface Losses {
  /** They broke a rule: their name or their properties. */
  invalid?: number;
  /** The queue, or the calls kept until the wasm was ready, were full. */
  queue_full?: number;
  /** The server refused the whole batch for good. */
  refused?: number;
  /** They were tracked after `shutdown`. */
  shut_down?: number;
}

/** Adds counts to counts. */
export function add(losses: Losses, more: Losses): void {
  for (const [reason, count] of Object.entries(more) as [keyof Losses, number][]) {
    losses[reason] = (losses[reason] ?? 0) + count;
  }
}
