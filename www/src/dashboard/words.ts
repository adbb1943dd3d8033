// Codes of the server in words for people. A code that is not known here is shown as it is.

const OUTCOMES: Record<string, string> = {
  accepted: 'Stored',
  duplicate: 'Known already',
  invalid: 'Refused',
  filtered: 'Filtered',
  quarantined: 'Quarantined',
  refused: 'Sent back, to be tried again',
};

/** What became of an event. */
export const outcomeName = (outcome: string): string => OUTCOMES[outcome] ?? outcome;

/** `not_storable` as `not storable`. */
export const inWords = (code: string): string => code.replaceAll('_', ' ');
