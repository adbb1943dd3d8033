// Reads what the page asked for: fills in defaults, and says what is wrong.

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
  expect(typeof key === 'string' && key.startsWith('pk_'), 'key', 'the ingest key, pk_...');
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

function expect(right: boolean, option: string, expected: string): void {
  if (!right) throw new Error(`${option}: expected ${expected}`);
}

function address(endpoint: string): string {
  let url: URL | undefined;
  try {
    url = new URL(endpoint, document.baseURI);
  } catch {
    // Said below.
  }
  expect(!!endpoint && /^https?:/.test(`${url}`), 'endpoint', "the server's address, https://...");
  if (url!.pathname === '/') url!.pathname = PATH;
  return `${url}`;
}

function whole(option: string, value: number, min: number, max: number): number {
  expect(Number.isInteger(value) && value >= min && value <= max, option, `${min} to ${max}`);
  return value;
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  expect(known.includes(value), option, known.join(' or '));
  return value;
}
