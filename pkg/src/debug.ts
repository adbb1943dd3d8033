// What `debug: true` says on the console: of every event what was stripped from it and its verdict, and of every
// batch its answer. Loaded only then. Shows paths, kinds and codes, never what was stripped.

import type { Losses } from './losses.js';
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

/** An event was taken in. `redactions`: `path kind`, a line each. */
export function tracked(name: string, redactions: string): void {
  const stripped = redactions ? `, stripped: ${redactions.trim().replaceAll('\n', ', ')}` : '';
  console.debug(`pharos: ${name} queued${stripped}`);
}

const WHY: Losses<string> = {
  invalid: 'its name must be a string, its properties an object that JSON can hold',
  queue_full: 'too many wait',
  not_ready: 'the SDK could not start, or could not go on',
  sampled: 'left out by sample',
  before_send: 'left out by beforeSend',
  consent: 'the visitor did not consent',
  gpc: 'the browser asks for privacy (Global Privacy Control)',
  shut_down: 'the SDK was shut down',
};

/** An event was not taken in, and counts as `reason`; `refusal`: the code of what was wrong with it, and where. */
export function refused(name: unknown, reason: keyof Losses, refusal?: string): void {
  const what = typeof name === 'string' ? name : `an event named by ${typeof name}`;
  console.warn(`pharos: ${what} not sent: ${refusal ?? WHY[reason]}`);
}

/** A batch of `events`, elements of a JSON array, was answered. */
export function answered({ status, text }: Answer, events: string): void {
  if (!status) return console.warn('pharos: no answer; it is tried again');
  const { verdicts } = read(text) as { verdicts?: Verdict[] };
  if (!verdicts) return console.warn(`pharos: answer ${status}: ${text}`);
  (JSON.parse(`[${events}]`) as SentEvent[]).forEach(({ event, seq }, index) => {
    const { verdict, ...why } = verdicts[index] ?? { verdict: 'no verdict' };
    const more = [why.code, why.field, why.reason].filter(Boolean).join(' ');
    console.debug(`pharos: ${event} ${seq} ${verdict} ${more}`.trimEnd());
  });
}

function read(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
