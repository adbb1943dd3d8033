// The shop's telemetry: starts the real SDK as any page would, and counts calls for the panel.
// This file knows nothing of lamps, and the SDK nothing of the panel.

import { flush, init, sessionId, trackEvent, type Properties } from 'pharos-telemetry';

/** How the SDK fares, for the panel to say. */
export type Telemetry =
  | { state: 'starting' }
  | { state: 'on'; session: string; flushIntervalMs: number }
  | { state: 'off'; why: string };

/** What the server tells its own demo. */
interface Config {
  ingest_key: string;
  batch_size: number;
  flush_interval_ms: number;
}

const COUNT_KEY = 'fanal_calls';

/** Starts the SDK with the key this server hands to its own demo. Never rejects. */
export async function startTelemetry(): Promise<Telemetry> {
  try {
    const reply = await fetch('/demo/config.json', { headers: { accept: 'application/json' } });
    if (!reply.ok) throw new Error(`the server answered ${reply.status} for the demo's key`);
    const config = (await reply.json()) as Config;
    const flushIntervalMs = config.flush_interval_ms;
    const sending = await init({
      key: config.ingest_key,
      endpoint: '/',
      batchSize: config.batch_size,
      flushIntervalMs,
      debug: true,
    });
    const session = sessionId();
    if (sending && session) return { state: 'on', session, flushIntervalMs };
    const privacy = 'globalPrivacyControl' in navigator && navigator.globalPrivacyControl;
    const why = privacy ? 'your browser asks for privacy (Global Privacy Control)' : 'the SDK did not start';
    return { state: 'off', why };
  } catch (error) {
    return { state: 'off', why: error instanceof Error ? error.message : String(error) };
  }
}

/** Tracks one event and counts the call. */
export function track(name: string, properties: Properties): void {
  trackEvent(name, properties);
  count = count + 1;
  try {
    sessionStorage.setItem(COUNT_KEY, String(count));
  } catch {
    // No storage here: the count starts anew after a reload.
  }
  for (const tell of listeners) tell(count);
}

/** Sends what waits, now. */
export const sendNow = flush;

/** Calls made in this tab. */
export function callCount(): number {
  return count;
}

/** Tells `listener` the new count after every call, until the returned function is called. */
export function onCall(listener: (count: number) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const listeners = new Set<(count: number) => void>();
let count = storedCount();

function storedCount(): number {
  try {
    return Number(sessionStorage.getItem(COUNT_KEY)) || 0;
  } catch {
    return 0;
  }
}
