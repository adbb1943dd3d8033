// What stands on the wire: a batch as it is sent, and what the server says of it.

import type { Counts } from './counts.js';
import { refusal, type TelemetryError } from './errors.js';
import type { Entry } from './queue.js';
import type { Answer } from './transport.js';
import type { Verdict } from './types.js';

/** Counts are of 32 bits. */
const COUNT_MAX = 0xffff_ffff;

/** What the server says of one event. */
export interface Said {
  verdict: Verdict['verdict'] | 'invalid' | 'retry';
  reason?: string;
  code?: string;
  field?: string;
  detail?: string;
}

/** The body of a batch's request. */
export function body(entries: readonly Entry[], losses: Counts, redacted: Counts): string {
  const head = JSON.stringify({
    sent_at: new Date(),
    sdk: { name: 'pharos-telemetry/server', version: __VERSION__ },
    consent: entries[0]?.consent,
    dropped: Object.fromEntries(Object.entries(losses).map(([name, n]) => [name, Math.min(n, COUNT_MAX)])),
    redacted,
  });
  return `${head.slice(0, -1)},"events":[${entries.map((entry) => entry.text).join()}]}`;
}

/** The verdicts in an answer, if it names every event: what does not is not our server's. */
export function verdictsIn({ status, text }: Answer, events: number): Said[] | undefined {
  if (status < 200 || status > 299) return undefined;
  try {
    const { verdicts } = JSON.parse(text) as { verdicts?: unknown };
    const isSaid = (one: unknown) => typeof (one as Said | null)?.verdict === 'string';
    if (Array.isArray(verdicts) && verdicts.length === events && verdicts.every(isSaid)) return verdicts as Said[]; // prettier-ignore
  } catch {
    // A hotel's Wi-Fi, an error page.
  }
  return undefined;
}

/** Why a batch was refused as a whole (problem+json). */
export function refusedBy({ status, text }: Answer): { code: string; message: string } {
  try {
    const { code, title, detail } = JSON.parse(text) as Record<string, unknown>;
    if (typeof code === 'string') {
      const why = [title, detail].filter((part) => typeof part === 'string').join(': ');
      return { code, message: `the server refuses the batch, ${status} ${code}: ${why}` };
    }
  } catch {
    // Said by something else than our server.
  }
  return { code: 'refused', message: `the server refuses the batch, status ${status}` };
}

/** The error for an event that the server, whose rules may be of another version, found invalid. */
export function invalid({ code = 'invalid', field = '', detail = '' }: Said): TelemetryError {
  return refusal(code, field, detail.replace(/^expected /, '') || 'something else');
}
