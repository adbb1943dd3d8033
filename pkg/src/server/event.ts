// From what `logTelemetry` was given to the event's JSON, as the model reads it. Decides which fields are which; what
// they may hold is the model's business.

import { refusal } from './errors.js';
import type { Consent, TelemetryEvent } from './types.js';

const CONSENTS: readonly unknown[] = ['granted', 'denied', 'pending'];

/** An event, written but not yet judged. */
export interface Line {
  text: string;
  id: string;
  consent: Consent | undefined;
}

/** Writes `input` as JSON; `newId` is asked if it has no id. Throws a `TelemetryError`. */
export function write(input: TelemetryEvent, now: number, newId: () => string): Line {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refusal('wrong_type', '', 'an object with at least the field event');
  }
  try {
    const { event, timestamp, properties, userId, user_id, sessionId, session_id, id = newId(), consent, ...flat } = input; // prettier-ignore
    if (consent !== undefined && !CONSENTS.includes(consent)) {
      throw refusal('wrong_type', 'consent', 'granted, denied or pending');
    }
    const user = userId ?? user_id;
    const fields = {
      id,
      event,
      timestamp: time(timestamp, now),
      properties: join(properties, flat),
      // Where ids are numbers, they are the same number as text in a page.
      user_id: typeof user === 'number' || typeof user === 'bigint' ? String(user) : (user ?? undefined),
      session_id: sessionId ?? session_id ?? undefined,
    };
    return { text: JSON.stringify(fields), id, consent };
  } catch (error) {
    if ((error as Error | undefined)?.name === 'TelemetryError') throw error;
    // A cycle, a BigInt, a getter or `toJSON` that throws.
    throw refusal('invalid_json', 'properties', 'values that JSON can hold');
  }
}

function time(timestamp: unknown, now: number): unknown {
  if (timestamp === undefined) return new Date(now).toISOString();
  if (typeof timestamp !== 'number' && !(timestamp instanceof Date)) return timestamp;
  const date = new Date(timestamp);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw refusal('invalid_timestamp', 'timestamp', 'a Date, milliseconds since 1970, or RFC 3339');
}

function join(properties: unknown, flat: Record<string, unknown>): unknown {
  const names = Object.keys(flat);
  if (names.length === 0) return properties ?? undefined;
  if (properties === undefined || properties === null) return flat;
  if (typeof properties !== 'object' || Array.isArray(properties)) {
    throw refusal('wrong_type', 'properties', 'an object');
  }
  const twice = names.find((name) => Object.hasOwn(properties, name));
  // A name may be personal data itself, so it is not repeated.
  if (twice !== undefined) throw refusal('duplicate_key', 'properties', 'each property once, within properties or beside it'); // prettier-ignore
  return { ...properties, ...flat };
}
