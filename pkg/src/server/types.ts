// What a server may ask for and pass. Meaning, unit, default and bounds of each stand here; the README's table
// repeats them in short.

import type { Consent, PropertyValue, Properties } from '../types.js';

export type { Consent, Properties, PropertyValue };

/** Options of a client. What is left out is read from the environment variable named, if there is one. */
export interface ServerOptions {
  /**
   * The server's origin (`https://telemetry.example.com`, to which `/v1/events` is added), or a full address, used as
   * it is. Environment: `TELEMETRY_ENDPOINT`.
   */
  endpoint?: string;

  /** A secret key of scope `ingest`, `sk_...`. Environment: `TELEMETRY_SECRET_KEY`. */
  key?: string;

  /** Whether anything is sent at all. Environment: `TELEMETRY_ENABLED`. Default: `true`. */
  enabled?: boolean;

  /**
   * Events that nobody waits for and that make a batch complete, sent at once. From 1 to 500. Environment:
   * `TELEMETRY_BATCH_SIZE`. Default: 100.
   */
  batchSize?: number;

  /**
   * How long an event that nobody waits for waits for others, in milliseconds. From 0 to 3,600,000. Environment:
   * `TELEMETRY_FLUSH_INTERVAL`. Default: 5000.
   */
  flushIntervalMs?: number;

  /** How long one request may take, in milliseconds. From 100 to 120,000. Default: 10,000. */
  requestTimeoutMs?: number;

  /**
   * How long `logTelemetry` tries before it rejects with `unavailable`, in milliseconds. From 100 to 600,000.
   * Default: 30,000.
   */
  deliveryTimeoutMs?: number;

  /**
   * How long a process that ends waits for what is still to be sent, in milliseconds. From 0 to 600,000.
   * Default: 5000.
   */
  drainTimeoutMs?: number;

  /** Events that may wait. From 1 to 1,000,000; what comes when so many wait is not taken. Default: 10,000. */
  queueEvents?: number;

  /** Bytes of the events that may wait. From 65,536 to 1 GiB. Default: 16 MiB. */
  queueBytes?: number;

  /**
   * A folder in which what `logTelemetrySafe` took waits through the end of the process, also a sudden one. On a local
   * disk; processes on one machine may share it. Environment: `TELEMETRY_QUEUE_DIR`. Default: events wait in memory.
   */
  queueDir?: string;

  /** What is stripped, where the strict default does not suit: the form of docs/privacy.md. */
  pii?: Record<string, unknown>;

  /**
   * Whether the client sends what waits when the process ends: as nothing is left to do (`beforeExit`), and on SIGTERM
   * and SIGINT. Where the program does not listen for these itself, the signal ends it afterwards as it would have
   * before. Default: `true`.
   */
  drainOnExit?: boolean;

  /** Is told what became of events that nobody waits for, if it is not what was wanted. Default: said on the console. */
  onProblem?: (problem: Problem) => void;
}

/** Something that went wrong with events that nobody waits for. */
export interface Problem {
  /** A stable word, such as `unavailable`, `refused`, `queue_full` or the code of a refused event. */
  code: string;
  /** For a person. Holds no value of an event. */
  message: string;
  /** How many events it is about; `lost` says whether they are gone. */
  events: number;
  lost: boolean;
}

/** One event. What is not named here is a property. */
export interface TelemetryEvent {
  /** What happened: lower-case letters and underscores, at most 100, such as `api_call`. */
  event: string;
  /** When: a `Date`, milliseconds since 1970, or RFC 3339. Default: now. */
  timestamp?: Date | number | string;
  /** What more there is to say; stripped of personal data before it is queued. */
  properties?: Properties;
  /** Whose event it is. Hashed before it is queued. */
  userId?: string | number | bigint | null;
  /** The visit it belongs to, at most 100 characters: for one that began in a page, that page's `sessionId()`. */
  sessionId?: string | null;
  /** A UUID of version 7, to send an event again that may have arrived. Default: a new one. */
  id?: string;
  /** What the person said, if you ask. An event of somebody who said `denied` is not sent. */
  consent?: Consent;
  /** Properties in the flat form. */
  [property: string]: PropertyValue | bigint;
}

/** What became of an event. */
export interface Verdict {
  /** The event's id. */
  id: string;
  /**
   * `accepted`: committed. `duplicate`: it already was. `filtered`: valid, and left out for `reason`.
   * `quarantined`: the database did not take it; it is kept for a person to look at.
   */
  verdict: 'accepted' | 'duplicate' | 'filtered' | 'quarantined';
  reason?: string;
}

/** What became of an event that nobody waits for: it waits to be sent, or it does not. */
export type Queued = { queued: true; id: string } | { queued: false; code: string; field: string };

/** How a client is doing. */
export interface Stats {
  /** Events that wait, those on their way included. */
  waiting: number;
  /** Bytes of them. */
  waitingBytes: number;
  /** Events that got their verdict. */
  delivered: number;
  /** Events that were lost, by reason, since the client began; they are told to the server, too. */
  dropped: Record<string, number>;
  /** What went wrong last, if it still does. */
  lastError: string | undefined;
}
