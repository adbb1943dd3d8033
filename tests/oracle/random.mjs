// @ts-check
// Random numbers from a seed, so that a run's plan can be repeated. The interleaving of processes cannot.

/** @typedef {ReturnType<typeof random>} Random */

/** @param {number} seed A whole number. */
export function random(seed) {
  let state = seed >>> 0;

  /** From 0 up to but not including 1 (mulberry32). */
  function next() {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  return {
    next,
    /** A whole number, both ends included. @param {number} low @param {number} high */
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    /** @param {number} probability */
    chance: (probability) => next() < probability,
    /** @template T @param {readonly T[]} items @returns {T} */
    pick: (items) => /** @type {T} */ (items[Math.floor(next() * items.length)]),
    /** A copy in another order. @template T @param {readonly T[]} items @returns {T[]} */
    shuffled(items) {
      const order = [...items];
      for (let at = order.length - 1; at > 0; at--) {
        const other = Math.floor(next() * (at + 1));
        [order[at], order[other]] = [/** @type {T} */ (order[other]), /** @type {T} */ (order[at])];
      }
      return order;
    },
    /** A generator of its own for one part, so that parts do not disturb one another's plans. */
    fork: () => random(Math.floor(next() * 2 ** 32)),
  };
}
