// What `debug: true` says on the console: of every event what was stripped from it and its verdict, and of every
// batch its answer. Loaded only then. Shows paths, kinds and codes, never what was stripped.

import type { Answer } from './transport.js';

interface Verdict {
  verdict: string;
  code?: string;
  field?: string;
  reason?: string;
}

interface SentEvent {
  event: string;
  seq?: number;
}

/** Says what becomes of events. */
export class Debug {
  /** An event was taken in. `redactions`: `path kind`, a line each. */
  tracked(name: string, redactions: string): void {
    const stripped = redactions ? `, stripped: ${redactions.trim().replaceAll('\n', ', ')}` : '';
    console.debug(`pharos: ${name} queued${stripped}`);
  }

  /** An event was not taken in. */
  refused(name: unknown, why: string): void {
    console.warn(`pharos: ${String(name)} not sent: ${why}`);
  }

  /** A batch of `events`, elements of a JSON array, was answered. */
  answered({ status, text }: Answer, events: string): void {
    if (!status) return console.warn('pharos: no answer; it is tried again');
    const { verdicts } = read(text) as { verdicts?: Verdict[] };
    if (!verdicts) return console.warn(`pharos: answer ${status}: ${text}`);
    (JSON.parse(`[${events}]`) as SentEvent[]).forEach(({ event, seq }, index) => {
      const { verdict, ...why } = verdicts[index] ?? { verdict: 'no verdict' };
      const more = [why.code, why.field, why.reason].filter(Boolean).join(' ');
      console.debug(`pharos: ${event} ${seq} ${verdict} ${more}`.trimEnd());
    });
  }
}

function read(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
