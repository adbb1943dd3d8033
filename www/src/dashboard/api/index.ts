// Everything the dashboard asks of the server, by name. Shapes are in types.ts, the asking itself in client.ts.

import type { StoredEvent } from '../../shared/events';
import type { Period, Span } from '../range';
import { spanParams } from '../range';
import { get, send } from './client';
import type * as Api from './types';

export { ApiError, SignedOut, address, whenSignedOut } from './client';
export type * from './types';

/** Trades the token of a sign-in link, which works once, for a session cookie. */
export const signIn = (token: string) => send<null>('POST', '/v1/session', { token });
export const signOut = () => send<null>('DELETE', '/v1/session');
export const session = (signal?: AbortSignal) => get<Api.Session>('/v1/session', {}, signal);

/** Whether the server can take and store events at the moment. */
export async function isReady(signal: AbortSignal): Promise<boolean> {
  return (await fetch('/health/ready', { signal })).ok;
}

/** The last hour. */
export const dashboard = (signal: AbortSignal) => get<Api.Dashboard>('/v1/dashboard', {}, signal);

export const report = (span: Span, signal: AbortSignal) =>
  get<Api.Report>('/v1/report', spanParams(span), signal);

export const metrics = (span: Span, period: Period, event: string | null, signal: AbortSignal) =>
  get<Api.Metrics>('/v1/metrics', { ...spanParams(span), period, event }, signal);

export interface EventFilter {
  limit: number;
  event?: string | null;
  user_id?: string | null;
  session_id?: string | null;
}

/** The newest stored events. */
export async function recentEvents(filter: EventFilter, signal: AbortSignal): Promise<StoredEvent[]> {
  return (await get<{ events: StoredEvent[] }>('/v1/events', { ...filter }, signal)).events;
}

export const eventStats = (span: Span, signal: AbortSignal) =>
  get<Api.EventStats>('/v1/events/stats', spanParams(span), signal);

/** Properties lately seen on an event, the most frequent first. */
export async function properties(event: string, signal: AbortSignal) {
  type Answer = { properties: { name: string; count: number }[] };
  return (await get<Answer>('/v1/properties', { event }, signal)).properties;
}

/** `where`: conditions, each `property:value`. */
export const breakdown = (
  event: string,
  property: string,
  where: string[],
  span: Span,
  signal: AbortSignal,
) => get<Api.Breakdown>('/v1/breakdown', { ...spanParams(span), event, property, where }, signal);

export const funnel = (
  steps: string[],
  windowSeconds: number,
  by: 'user' | 'session',
  span: Span,
  signal: AbortSignal,
) =>
  get<Api.Funnel>(
    '/v1/funnel',
    { ...spanParams(span), steps: steps.join(','), window_seconds: windowSeconds, by },
    signal,
  );

export const retention = (period: 'day' | 'week', event: string | null, span: Span, signal: AbortSignal) =>
  get<Api.Retention>('/v1/retention', { ...spanParams(span), period, event }, signal);

/** Those of the last 30 days, the last active first. */
export async function sessions(limit: number, signal: AbortSignal) {
  type Answer = { sessions: Api.SessionSummary[] };
  return (await get<Answer>('/v1/sessions', { limit }, signal)).sessions;
}

export const sessionEvents = (id: string, signal: AbortSignal) =>
  get<Api.SessionDetail>(`/v1/sessions/${encodeURIComponent(id)}`, {}, signal);

/** The ledger is kept in hours of UTC, so it takes no time zone. */
export const outcomes = ({ start, end }: Span, signal: AbortSignal) =>
  get<Api.Outcomes>('/v1/outcomes', { start: start.toISOString(), end: end.toISOString() }, signal);

export const delivery = ({ start, end }: Span, signal: AbortSignal) =>
  get<Api.Delivery>('/v1/delivery', { start: start.toISOString(), end: end.toISOString() }, signal);

export async function quarantine(code: string | null, limit: number, signal: AbortSignal) {
  return (await get<{ quarantine: Api.Quarantined[] }>('/v1/quarantine', { code, limit }, signal)).quarantine;
}

const inQuarantine = (id: string) => `/v1/quarantine/${encodeURIComponent(id)}`;

/** `changes` replace fields of the event before it is judged again. */
export const replay = (id: string, changes?: object) =>
  send<Api.Replayed>('POST', `${inQuarantine(id)}/replay`, changes);
export const dropQuarantined = (id: string) => send<null>('DELETE', inQuarantine(id));

/** What events are sent on to. */
export async function forwarders(signal: AbortSignal): Promise<Api.Forwarder[]> {
  return (await get<{ forwarders: Api.Forwarder[] }>('/v1/forwarders', {}, signal)).forwarders;
}
/** Events that a destination does not take. */
export async function failedForwards(limit: number, signal: AbortSignal): Promise<Api.FailedForward[]> {
  return (await get<{ failed: Api.FailedForward[] }>('/v1/forwarders/failed', { limit }, signal)).failed;
}
export const retryForwards = (destination: string) =>
  send<null>('POST', `/v1/forwarders/${encodeURIComponent(destination)}/retry`);

export const alerts = (signal: AbortSignal) => get<Api.Alerts>('/v1/alerts', {}, signal);
export const createAlert = (rule: Api.AlertChange) => send<Api.AlertRule>('POST', '/v1/alerts', rule);
export const changeAlert = (id: string, change: Api.AlertChange) =>
  send<Api.AlertRule>('PUT', `/v1/alerts/${encodeURIComponent(id)}`, change);
export const deleteAlert = (id: string) => send<null>('DELETE', `/v1/alerts/${encodeURIComponent(id)}`);
/** Sends a trial notification to the webhook. */
export const testAlert = () => send<Api.AlertTest>('POST', '/v1/alerts/test');

export async function keys(signal: AbortSignal): Promise<Api.Key[]> {
  return (await get<{ keys: Api.Key[] }>('/v1/keys', {}, signal)).keys;
}
export const createKey = (kind: Api.Key['kind'], name: string, scopes?: Api.Scope[]) =>
  send<Api.NewKey>('POST', '/v1/keys', { kind, name, scopes });
export const revokeKey = (id: string) => send<null>('DELETE', `/v1/keys/${encodeURIComponent(id)}`);

export const project = (signal: AbortSignal) => get<Api.Project>('/v1/project', {}, signal);
export const changeProject = (change: Partial<Pick<Api.Project, 'name' | 'allowed_origins' | 'pii_rules'>>) =>
  send<Api.Project>('PUT', '/v1/project', change);

/** Deletes all that is stored of a user: by the id pages use, or the one stored. */
export const eraseUser = (id: string) => send<Api.Erasure>('DELETE', `/v1/users/${encodeURIComponent(id)}`);
