// Reads what the page asked for: fills in defaults, and says in one sentence what is wrong.

import type { InitOptions } from './types.js';

/** Options, checked. */
export interface Settings extends Pick<InitOptions, 'consent' | 'sample' | 'beforeSend'> {
  key: string;
  /** Keeps apart in the browser's storage what belongs to different projects. */
  project: string;
  /** Where batches are posted. */
  url: string;
  batchEvents: number;
  flushIntervalMs: number;
  gpc: NonNullable<InitOptions['gpc']>;
}

const PATH = '/v1/events';

/** Checks options. Throws an `Error` that names the option; `init` says it on the console. */
export function settings(options: InitOptions): Settings {
  const {
    key,
    endpoint,
    batchSize = 100,
    flushIntervalMs = 5000,
    consent,
    gpc = 'drop',
    sample,
    beforeSend,
  } = options;
  if (typeof key !== 'string' || !key.startsWith('pk_')) {
    throw new Error('key must be the ingest key, which begins with pk_');
  }
  return {
    key,
    project: key.slice(3, 11),
    url: address(endpoint),
    batchEvents: whole('batchSize', batchSize, 1, 500),
    flushIntervalMs: whole('flushIntervalMs', flushIntervalMs, 0, 3_600_000),
    gpc: oneOf('gpc', gpc, ['drop', 'anonymous', 'ignore']),
    ...(consent && { consent: oneOf('consent', consent, ['granted', 'denied', 'pending']) }),
    ...(sample && { sample }),
    ...(beforeSend && { beforeSend }),
  };
}

function address(endpoint: string): string {
  try {
    const url = new URL(endpoint, document.baseURI);
    if (endpoint && /^https?:$/.test(url.protocol)) {
      if (url.pathname === '/') url.pathname = PATH;
      return url.href;
    }
  } catch {
    // Said below.
  }
  throw new Error("endpoint must be the server's address, such as https://telemetry.example.com");
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${name} must be a whole number from ${min} to ${max}`);
}

function oneOf<T extends string>(name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new Error(`${name} must be one of ${known.join(', ')}`);
}
