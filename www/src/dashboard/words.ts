// Codes of the server in words for people. A code that is not known here is shown as it is.

const OUTCOMES: Record<string, { name: string; help: string }> = {
  accepted: { name: 'Stored', help: 'in the table of events' },
  duplicate: { name: 'Known already', help: 'a retry of what was stored' },
  invalid: { name: 'Refused', help: 'breaks a rule' },
  quarantined: { name: 'Quarantined', help: 'kept aside for repair' },
  filtered: { name: 'Filtered', help: 'left out on purpose' },
  refused: { name: 'Sent back', help: 'to be tried again' },
};

/** From good to bad. */
export const OUTCOME_ORDER = Object.keys(OUTCOMES);

/** What became of an event. */
export const outcomeName = (outcome: string): string => OUTCOMES[outcome]?.name ?? outcome;

/** The same in a few more words. */
export const outcomeHelp = (outcome: string): string => OUTCOMES[outcome]?.help ?? '';

/** `not_storable` as `not storable`. */
export const inWords = (code: string): string => code.replaceAll('_', ' ');
