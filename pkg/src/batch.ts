// What goes into a batch, and what a reply says about it. Sends nothing and decides nothing.

import { add, type Counts, type Losses } from './losses.js';
import type { Settings } from './options.js';
import type { Chunk, Outbox } from './outbox.js';
import type { Answer } from './transport.js';

/** What a batch may hold at most: it is compressed, and the server takes 500 events and 1 MiB. */
const EVENTS_MAX = 500;

/** What a batch reports beside its events. */
export interface Report {
  losses: Losses;
  /** How much was stripped, by kind. */
  redacted: Counts;
}

/** Adds a report to a report. */
export function addReport(report: Report, more: Report): void {
  add(report.losses, more.losses);
  add(report.redacted, more.redacted);
}

/** What is sent together. */
export interface Batch extends Report {
  chunks: [Chunk, ...Chunk[]];
  /** A JSON object that all events share. */
  context: string;
  /** Elements of a JSON array. */
  text: string;
  events: number;
  /** Others were there too, too many for one batch or of another context. */
  more: boolean;
}

/** The next batch among `chunks`: of one context, and at most so many bytes. */
export function fill(
  outbox: Outbox,
  chunks: readonly Chunk[],
  bytesMax: number,
): Omit<Batch, keyof Report | 'more'> | undefined {
  const taken: Chunk[] = [];
  const texts: string[] = [];
  let shared: string | undefined;
  let events = 0;
  let bytes = 0;
  for (const chunk of chunks) {
    if (events + chunk.events > EVENTS_MAX || bytes + chunk.bytes > bytesMax) break;
    const [context, text] = outbox.read(chunk) ?? [];
    if (text === undefined) continue;
    if (context !== (shared ??= context)) break;
    taken.push(chunk);
    texts.push(text);
    events += chunk.events;
    bytes += chunk.bytes;
  }
  const [first, ...rest] = taken;
  return first && { chunks: [first, ...rest], context: shared ?? '{}', text: texts.join(), events };
}

/** A batch as it is sent. */
export function bodyOf({ context, text, losses, redacted }: Batch, { key, consent, gpc }: Settings): string {
  const head = JSON.stringify({
    key,
    sent_at: new Date(),
    sdk: { name: 'pharos-telemetry', version: __VERSION__ },
    consent,
    gpc: gpc === 'drop' ? undefined : gpc,
    dropped: losses,
    redacted,
  });
  return `${head.slice(0, -1)},"context":${context},"events":[${text}]}`;
}

declare const __VERSION__: string;

/** The verdicts of a reply, in order. None if the text is no reply of our server. */
export function verdictsIn({ status, text }: Answer): string[] {
  try {
    return status < 300
      ? (JSON.parse(text) as { verdicts: { verdict: string }[] }).verdicts.map(({ verdict }) => verdict)
      : [];
  } catch {
    return [];
  }
}
