// A stored event as the server's read side answers it, and how its parts are put into words.
// Values are data of unknown origin: they are only ever shown as text.

/** A value inside an event's properties. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One event as stored: what `/v1/events` and `/demo/received` list. */
export interface StoredEvent {
  id: string;
  event: string;
  /** When it happened, by the client's clock, corrected by the server: RFC 3339, UTC. */
  timestamp: string;
  properties: { [key: string]: Json };
  /** Keyed hash of what the page called the user: a UUID. */
  user_id: string | null;
  session_id: string | null;
  source: 'client' | 'server';
  /** The event's number in its session. */
  seq: number | null;
  context: { [key: string]: Json } | null;
  /** When the server stored it: RFC 3339, UTC. */
  created_at: string;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** `14:03:27` in the reader's time zone, with the day in front unless it is today. */
export function timeOf(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  const today = new Date().toDateString() === date.toDateString();
  return today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

/** A value on one line, as JSON but for plain strings. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `1 event`, `2 events`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}
