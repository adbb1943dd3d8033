// The answers of the read API, as the server writes them: see /openapi.json. Times are RFC 3339 in UTC.
// An event itself is shared/events.ts.

import type { Json, StoredEvent } from '../../shared/events';
import type { Period } from '../range';

/** What a signed-in visitor may know about their project. */
export interface Session {
  ingest_key?: string;
}

export interface EventCount {
  event: string;
  count: number;
}

export interface Totals {
  total_events: number;
  unique_users: number;
  unique_sessions: number;
}

export interface TopEvent extends EventCount {
  unique_users: number;
  previous_count: number;
  /** Against the period before; null when nothing came then. */
  trend: number | null;
}

export interface Report extends Totals {
  start: string;
  end: string;
  time_zone: string;
  events: (EventCount & { unique_users: number })[];
  events_truncated: boolean;
  top_events: TopEvent[];
  previous: Totals & { start: string; end: string };
  trends: Record<keyof Totals, number | null>;
}

export interface Interval {
  start: string;
  end: string;
  count: number;
  unique_users: number;
  unique_sessions: number;
  top_events: EventCount[];
}

export interface Metrics {
  period: Period;
  start: string;
  end: string;
  event: string | null;
  intervals: Interval[];
}

export interface Health {
  healthy: boolean;
  reasons: string[];
  last_event_at: string | null;
  events_per_minute: number;
  /** Of the events received in this hour and the one before, those that could not be taken or stored: 0 to 1. */
  error_rate: number;
  store: 'ok' | 'away';
  spool_batches: number;
  spool_bytes: number;
  uptime_seconds: number;
}

export interface Dashboard extends Totals {
  start: string;
  end: string;
  previous_total_events: number;
  top_events: EventCount[];
  activity: { minute: string; count: number; users: number; sessions: number }[];
  /** By outcome, since the start of the hour in which `start` lies. */
  outcomes: Record<string, number>;
  /** Pieces of personal data taken out of these events, by kind. */
  redactions: Record<string, number>;
  health: Health;
}

export interface Breakdown {
  event: string;
  property: string;
  start: string;
  end: string;
  total: number;
  unique_users: number;
  values: { value: string; count: number; unique_users: number }[];
  other_count: number;
  missing_count: number;
}

export interface FunnelStep extends EventCount {
  /** Of those who took the first step: 0 to 1. */
  rate: number | null;
  /** Of those who took the step before. */
  step_rate: number | null;
  median_seconds: number | null;
}

export interface Funnel {
  by: 'user' | 'session';
  window_seconds: number;
  steps: FunnelStep[];
}

export interface Retention {
  period: 'day' | 'week';
  cohorts: { start: string; size: number; returned: number[] }[];
}

export interface SessionSummary {
  session_id: string;
  user_id: string | null;
  started_at: string;
  ended_at: string;
  count: number;
  first_event: string;
  last_event: string;
}

export interface SessionDetail {
  session_id: string;
  user_id: string | null;
  started_at: string;
  ended_at: string;
  count: number;
  events: StoredEvent[];
  truncated: boolean;
}

export interface EventStats {
  total: number;
  events: (EventCount & { last_seen: string })[];
}

export interface OutcomeSum {
  outcome: string;
  reason: string | null;
  count: number;
}

export interface Outcomes {
  start: string;
  end: string;
  received: number;
  outcomes: OutcomeSum[];
  hours: (OutcomeSum & { hour: string })[];
}

export interface Delivery {
  expected: number;
  arrived: number;
  rate: number | null;
  hours: { hour: string; expected: number; arrived: number; rate: number | null }[];
  dropped: { reason: string; count: number }[];
}

/** A destination of events that are sent on. */
export interface Forwarder {
  name: string;
  kind: string;
  enabled: boolean;
  pending: number;
  oldest_pending_at: string | null;
  sent: number;
  failed: number;
  uncertain: number;
  last_error: string | null;
  last_sent_at: string | null;
  failed_by_reason: { reason: string; count: number }[];
}

export interface FailedForward {
  destination: string;
  event_id: string;
  event: string | null;
  timestamp: string | null;
  reason: string;
  enqueued_at: string;
}

export interface Quarantined {
  id: string;
  code: string;
  field: string;
  source: 'client' | 'server';
  event: { [key: string]: Json };
  context: { [key: string]: Json };
  user_id: string | null;
  first_seen: string;
  last_seen: string;
  /** How many like it were refused. */
  count: number;
  replayed_at: string | null;
  replayed_as: string | null;
}

export interface Replayed {
  id: string;
  verdict: 'accepted' | 'duplicate' | 'invalid' | 'filtered' | 'quarantined' | 'retry';
  event_id?: string;
  code?: string;
  field?: string;
  detail?: string;
  reason?: string;
}

export type Severity = 'info' | 'warning' | 'critical';

export interface QuietHours {
  start: string;
  end: string;
  time_zone: string;
}

export interface AlertRule {
  id: string;
  name: string;
  kind: 'low_event_rate' | 'no_data' | 'high_error_rate' | 'spool_growing' | 'threshold';
  severity: Severity;
  enabled: boolean;
  builtin: boolean;
  event: string | null;
  comparison: 'above' | 'below' | null;
  threshold: number | null;
  window_minutes: number;
  quiet_hours: QuietHours | null;
  state: 'ok' | 'firing' | 'unknown';
  since: string | null;
  value: number | null;
  detail: string | null;
}

/** What a rule is made or changed with. */
export type AlertChange = Partial<
  Pick<
    AlertRule,
    'name' | 'event' | 'comparison' | 'threshold' | 'window_minutes' | 'severity' | 'enabled' | 'quiet_hours'
  >
>;

export interface AlertChangeOfState {
  id: string;
  rule_id: string;
  name: string;
  state: 'ok' | 'firing' | 'unknown';
  at: string;
  value: number | null;
  detail: string | null;
  notified: 'sent' | 'failed' | 'quiet' | 'none';
}

export interface Alerts {
  rules: AlertRule[];
  history: AlertChangeOfState[];
  webhook: { configured: boolean; last_status: number | null };
}

export interface AlertTest {
  sent: boolean;
  status: number | null;
  detail: string | null;
}

export type Scope = 'ingest' | 'read' | 'admin';

export interface Key {
  id: string;
  kind: 'ingest' | 'secret';
  name: string;
  /** Of an ingest key, which is public, all of it; of a secret one the first characters. */
  prefix: string;
  scopes: Scope[];
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** A key just made: the only time that it is shown as a whole. */
export interface NewKey extends Key {
  key: string;
}

export interface Project {
  name: string;
  /** Empty: pages of any origin may send; null: as the server is set. */
  allowed_origins: string[] | null;
  /** docs/privacy.md; null: as the server is set. */
  pii_rules: Json;
}

/** What was erased of a user, and the receipt's number. */
export interface Erasure {
  erasure_id: string;
  state: 'running' | 'done';
  events: number;
  quarantined: number;
  spooled: number;
}

/** One second of the live stream. */
export interface LiveCounts {
  at: string;
  count: number;
  events: Record<string, number>;
}
