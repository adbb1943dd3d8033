// Reads options and environment: fills in defaults, and says in one sentence what is wrong.

import { TelemetryError } from './errors.js';
import type { Problem, ServerOptions } from './types.js';

/** Options, checked. */
export interface Settings {
  enabled: boolean;
  url: string;
  key: string;
  batchEvents: number;
  flushIntervalMs: number;
  requestTimeoutMs: number;
  deliveryTimeoutMs: number;
  drainTimeoutMs: number;
  queueEvents: number;
  queueBytes: number;
  queueDir: string | undefined;
  rules: string | undefined;
  drainOnExit: boolean;
  onProblem: ((problem: Problem) => void) | undefined;
}

const PATH = '/v1/events';

/** Checks options. Throws a {@link TelemetryError} `not_configured` that names the option. */
export function settings(options: ServerOptions, env: Record<string, string | undefined>): Settings {
  const enabled = options.enabled ?? flag('TELEMETRY_ENABLED', env.TELEMETRY_ENABLED) ?? true;
  const from = (name: string) => (env[name]?.trim() ? Number(env[name]) : undefined);
  return {
    enabled,
    url: enabled ? address(options.endpoint ?? env.TELEMETRY_ENDPOINT) : '',
    key: enabled ? secretKey(options.key ?? env.TELEMETRY_SECRET_KEY) : '',
    batchEvents: whole('batchSize', options.batchSize ?? from('TELEMETRY_BATCH_SIZE') ?? 100, 1, 500),
    flushIntervalMs: whole('flushIntervalMs', options.flushIntervalMs ?? from('TELEMETRY_FLUSH_INTERVAL') ?? 5000, 0, 3_600_000), // prettier-ignore
    requestTimeoutMs: whole('requestTimeoutMs', options.requestTimeoutMs ?? 10_000, 100, 120_000),
    deliveryTimeoutMs: whole('deliveryTimeoutMs', options.deliveryTimeoutMs ?? 30_000, 100, 600_000),
    drainTimeoutMs: whole('drainTimeoutMs', options.drainTimeoutMs ?? 5000, 0, 600_000),
    queueEvents: whole('queueEvents', options.queueEvents ?? 10_000, 1, 1_000_000),
    queueBytes: whole('queueBytes', options.queueBytes ?? 16 * 1024 * 1024, 65_536, 1024 ** 3),
    queueDir: options.queueDir ?? (env.TELEMETRY_QUEUE_DIR || undefined),
    rules: options.pii && JSON.stringify(options.pii),
    drainOnExit: options.drainOnExit ?? true,
    onProblem: options.onProblem,
  };
}

function address(endpoint: string | undefined): string {
  if (endpoint && URL.canParse(endpoint)) {
    const url = new URL(endpoint);
    if (/^https?:$/.test(url.protocol) && !url.username) {
      if (url.pathname === '/') url.pathname = PATH;
      return url.href;
    }
  }
  throw wrong(
    "endpoint (TELEMETRY_ENDPOINT) must be the server's address, such as https://telemetry.example.com",
  );
}

function secretKey(key: string | undefined): string {
  if (typeof key === 'string' && /^sk_[\x21-\x7e]+$/.test(key)) return key;
  throw wrong('key (TELEMETRY_SECRET_KEY) must be a secret key, which begins with sk_');
}

function flag(name: string, text: string | undefined): boolean | undefined {
  if (!text?.trim()) return undefined;
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw wrong(`${name} must be true or false`);
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw wrong(`${name} must be a whole number from ${min} to ${max}`);
}

/** The error for options that will not do. */
export function wrong(message: string): TelemetryError {
  return new TelemetryError('not_configured', message);
}
