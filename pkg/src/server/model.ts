// The wasm, as the rest of the client sees it. It is part of this file's bundle, so that there is nothing to find at
// run time, whatever a bundler makes of it.

import { randomFillSync } from 'node:crypto';

import { initSync, Judge } from '../../wasm-full/pharos_full.js';
import bytes from '../../wasm-full/pharos_full_bg.wasm';
import { refusal } from './errors.js';
import { wrong } from './options.js';

let loaded = false;

/** What an answer means: its verdicts decide, it was refused for good, or it is to be sent again after so long. */
export type Meaning = 'verdicts' | 'refused' | number;

/** Judges and strips events, and decides what an answer means. */
export class Model {
  readonly #judge: Judge;

  /** `rules`: what counts as personal data, as JSON. Throws a `TelemetryError` if they are none. */
  constructor(rules: string | undefined) {
    if (!loaded) initSync({ module: bytes });
    loaded = true;
    const random = randomFillSync(new Uint32Array(2));
    const [high = 0, low = 0] = random;
    try {
      this.#judge = new Judge(high, low, rules);
    } catch (error) {
      throw wrong(`pii: ${String(error)}`);
    }
  }

  /** A new event's id. */
  id(now: number): string {
    return this.#judge.id(now);
  }

  /** The event in `line`, stripped, as it goes on the wire. Throws a `TelemetryError` if it breaks a rule. */
  judge(line: string, now: number): string {
    try {
      return this.#judge.judge(line, now);
    } catch (error) {
      if (typeof error !== 'string') throw error;
      const [code = '', expected = '', ...field] = error.split('\n');
      throw refusal(code, field.join('\n'), expected);
    }
  }

  /** How much was stripped since last asked, by kind. */
  redacted(): Record<string, number> {
    return JSON.parse(`{${this.#judge.redacted()}}`) as Record<string, number>;
  }

  /** What an answer means. `status` 0: there was none. `named`: it named every event. `retryAfter` in seconds. */
  answered(status: number, named: boolean, retryAfter: number): Meaning {
    const seconds = Math.min(Math.max(0, Math.ceil(retryAfter)), 0xffff_ffff);
    const outcome = this.#judge.answered(status, named, seconds, Math.random());
    if (outcome === -1) return 'verdicts';
    return outcome === -2 ? 'refused' : outcome;
  }
}
