// Everything the dashboard asks of the server. A refusal becomes an ApiError with the server's own words;
// a session that is over becomes SignedOut, whoever asked.

import type { StoredEvent } from '../shared/events';

/** The server's answer was a refusal (problem+json). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Nobody is signed in, or no longer. */
export class SignedOut extends ApiError {}

/** What a signed-in visitor may know about their project. */
export interface Session {
  ingest_key?: string;
}

/** Trades the token of a sign-in link, which works once, for a session cookie. */
export async function signIn(token: string): Promise<void> {
  await ask('/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
}

export async function signOut(): Promise<void> {
  await ask('/v1/session', { method: 'DELETE' });
}

export async function session(signal?: AbortSignal): Promise<Session> {
  return (await ask('/v1/session', { signal: signal ?? null })).json() as Promise<Session>;
}

/** The newest stored events. */
export async function recentEvents(limit: number, signal: AbortSignal): Promise<StoredEvent[]> {
  const reply = await ask(`/v1/events?limit=${limit}`, { signal });
  return ((await reply.json()) as { events: StoredEvent[] }).events;
}

/** Whether the server can take and store events at the moment. */
export async function isReady(signal: AbortSignal): Promise<boolean> {
  return (await fetch('/health/ready', { signal })).ok;
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  const reply = await fetch(path, { ...options, credentials: 'same-origin', cache: 'no-store' });
  if (reply.ok) return reply;
  const problem = await problemIn(reply);
  const kind = reply.status === 401 ? SignedOut : ApiError;
  throw new kind(reply.status, problem.code, problem.text);
}

async function problemIn(reply: Response): Promise<{ code: string; text: string }> {
  try {
    const { code, detail, title } = (await reply.json()) as {
      code?: string;
      detail?: string;
      title?: string;
    };
    return { code: code ?? '', text: detail ?? title ?? `The server answered ${reply.status}.` };
  } catch {
    return { code: '', text: `The server answered ${reply.status}.` };
  }
}
