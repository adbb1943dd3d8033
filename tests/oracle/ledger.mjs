// @ts-check
// Compares the server's own count of outcomes with what clients sent and were told.
//
// A client that got no answer cannot know whether its events were received, so most sums have two bounds: what
// the server said to somebody it must have counted, and it cannot have counted more than was ever sent. One sum
// is exact: accepted means a new row, so there are as many of them as rows.

/**
 * @typedef {{ outcome: string, reason: string | null, count: number }} Outcome
 *
 * What a history says. Each number counts every time an event was sent or answered, not events.
 * @typedef {object} Tally
 * @property {number} validSent
 * @property {Map<string, number>} flawedSent By the code it must be refused with.
 * @property {Map<string, number>} told By verdict, `invalid` by `invalid:<code>`.
 * @property {number} acceptedAgain Times an event was called accepted that had been called so before.
 * @property {number} rows In the table.
 */

/**
 * @param {Tally} tally
 * @param {Outcome[]} outcomes Sums over all hours.
 * @returns {string[]} What does not add up.
 */
export function checkOutcomes(tally, outcomes) {
  /** @type {string[]} */
  const wrong = [];
  /** @param {(outcome: Outcome) => boolean} which */
  const sum = (which) => outcomes.filter(which).reduce((total, { count }) => total + Number(count), 0);
  /** @param {string} verdict */
  const told = (verdict) => tally.told.get(verdict) ?? 0;
  /** @param {string} what @param {number} got @param {number} least @param {number} most */
  const within = (what, got, least, most) => {
    if (got >= least && got <= most) return;
    wrong.push(`${what}: counted ${got}, expected ${least === most ? least : `${least} to ${most}`}`);
  };

  within(
    'accepted',
    sum(({ outcome }) => outcome === 'accepted'),
    tally.rows,
    tally.rows,
  );
  // An event that was called accepted twice, from a spool, is one row and one duplicate.
  const duplicates = sum(({ outcome }) => outcome === 'duplicate');
  within('duplicate', duplicates, told('duplicate') + tally.acceptedAgain, tally.validSent - tally.rows);

  const codes = outcomes.filter(({ outcome }) => outcome === 'invalid').map(({ reason }) => String(reason));
  for (const code of new Set([...codes, ...tally.flawedSent.keys()])) {
    const counted = sum(({ outcome, reason }) => outcome === 'invalid' && reason === code);
    within(`invalid ${code}`, counted, told(`invalid:${code}`), tally.flawedSent.get(code) ?? 0);
  }
  for (const never of ['filtered', 'quarantined']) {
    const counted = sum(({ outcome }) => outcome === never);
    within(never, counted, 0, 0);
  }

  const flawedSent = [...tally.flawedSent.values()].reduce((total, count) => total + count, 0);
  const allTold = [...tally.told].reduce(
    (total, [verdict, n]) => (verdict === 'retry' ? total : total + n),
    0,
  );
  const all = sum(() => true);
  within('all outcomes', all, allTold, tally.validSent + flawedSent);
  return wrong;
}
