// @ts-check
// Waiting for conditions. Nothing in these tests sleeps for a time and hopes.

/**
 * Asks `probe` until it answers something truthy, and returns that. A probe that throws counts as "not yet".
 * @template T
 * @param {string} what What is waited for, for the error.
 * @param {() => T | Promise<T>} probe
 * @param {{ withinMs?: number, everyMs?: number }} [limits]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, probe, { withinMs = 10_000, everyMs = 50 } = {}) {
  const deadline = performance.now() + withinMs;
  let last;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${withinMs} ms for ${what}; last answer: ${String(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
