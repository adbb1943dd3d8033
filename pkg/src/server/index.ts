/**
 * Telemetry of a server, by Node 20 or later: events judged and stripped of personal data before they are queued, by
 * the code that the Pharos server itself runs, and delivered with a verdict each.
 *
 * ES modules; CommonJS loads it with `await import('pharos-telemetry/server')`.
 */

import { TelemetryClient } from './client.js';
import { TelemetryError } from './errors.js';
import type { Queued, ServerOptions, Stats, TelemetryEvent, Verdict } from './types.js';

export type { Consent, Problem, Properties, PropertyValue, Queued, ServerOptions, Stats, TelemetryEvent, Verdict } from './types.js'; // prettier-ignore
export { TelemetryClient, TelemetryError };

let current: TelemetryClient | undefined;

/**
 * Sets the process's client up; a former one sends what it has and ends. Without it the first event does, from the
 * environment. Throws a {@link TelemetryError} `not_configured` if the options will not do.
 */
export function init(options: ServerOptions = {}): TelemetryClient {
  const former = current;
  current = new TelemetryClient(options);
  void former?.shutdown();
  return current;
}

/** Logs an event and waits for its verdict: {@link TelemetryClient.logTelemetry}. */
export async function logTelemetry(event: TelemetryEvent): Promise<Verdict> {
  return (current ??= new TelemetryClient()).logTelemetry(event);
}

/** Logs an event without waiting for its verdict; never throws: {@link TelemetryClient.logTelemetrySafe}. */
export async function logTelemetrySafe(event: TelemetryEvent): Promise<Queued> {
  try {
    current ??= new TelemetryClient();
  } catch (error) {
    const { code, message } = error as TelemetryError;
    if (!isToldUnconfigured) console.warn(`pharos: ${message}`);
    isToldUnconfigured = true;
    return { queued: false, code: code ?? 'failed', field: '' };
  }
  return current.logTelemetrySafe(event);
}

let isToldUnconfigured = false;

/** Sends what waits now: `true` once nothing waits any more, `false` if a try has failed. */
export async function flush(): Promise<boolean> {
  return (await current?.flush()) ?? true;
}

/** Sends what waits and ends the process's client. `false`: something is left. */
export async function shutdown(): Promise<boolean> {
  return (await current?.shutdown()) ?? true;
}

/** How the process's client is doing; `undefined` before there is one. */
export function stats(): Stats | undefined {
  return current?.stats();
}
