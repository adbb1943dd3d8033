// What a person changed of an event in quarantine, as the server wants it: the changed fields alone.

import type { Json } from '../../../shared/events';

type Fields = { [name: string]: Json };

/** The server takes changes of these, and of nothing else. */
const FIELDS = ['event', 'timestamp', 'properties', 'user_id', 'session_id', 'seq'];

export function textOf(event: Fields): string {
  return JSON.stringify(event, null, 2);
}

/** The fields that differ, none if none do. Throws, in words for the person, when the text is no event. */
export function changesIn(text: string, before: Fields): Fields | undefined {
  const after = objectIn(text);
  const changed = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  const unknown = changed.find(([name]) => !FIELDS.includes(name));
  if (unknown) throw new Error(`"${unknown[0]}" cannot be changed; these can: ${FIELDS.join(', ')}.`);
  return changed.length > 0 ? Object.fromEntries(changed) : undefined;
}

function objectIn(text: string): Fields {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Error('Expected a JSON object.');
  }
  return value;
}
