// Whose visit it is: the session, shared by a site's tabs until half an hour passes without an event, and the
// anonymous id, which exists only with the visitor's consent. Keeps both through `store`; sends nothing.

import type { Store } from './store.js';

/** Without an event for so long a visit is over. */
const IDLE_MAX_MS = 30 * 60_000;

/** Where the session is kept. */
export const SESSION = 'session';
const ANONYMOUS_ID = 'anonymous';

/** A visit. */
export interface Session {
  id: string;
  /** The number of its next event. */
  nextSeq: number;
  /** When its last event was. */
  last: number;
}

/** Whether an event at `now` belongs to the session. */
export function isOn({ last }: Session, now: number): boolean {
  return Math.abs(now - last) < IDLE_MAX_MS;
}

/** The visit that an event at `now` belongs to: the one that goes on, or a new one. */
export function openSession(store: Store, now: number): Session {
  const [id = '', nextSeq, last] = (store.get(SESSION) ?? '').split('.');
  const kept = { id, nextSeq: Number(nextSeq), last: Number(last) };
  if (isOn(kept, now)) return { ...kept, last: now };
  const session = { id: randomId(), nextSeq: 0, last: now };
  keepSession(store, session);
  return session;
}

/** Keeps the session for the next event, in whatever tab that is. */
export function keepSession(store: Store, { id, nextSeq, last }: Session): void {
  store.set(SESSION, `${id}.${nextSeq}.${last}`);
}

/** Ends the visit and forgets who it was. */
export function forget(store: Store): void {
  store.remove(SESSION);
  store.remove(ANONYMOUS_ID);
}

/** The id that makes of several visits one visitor. */
export function anonymousId(store: Store): string {
  let id = store.get(ANONYMOUS_ID);
  if (!id) store.set(ANONYMOUS_ID, (id = randomId()));
  return id;
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
