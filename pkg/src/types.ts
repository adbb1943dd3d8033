// What the page may ask for and pass. Meaning, unit, default and bounds of each stand here; the README's
// table repeats them in short.

/** Options of {@link init}. */
export interface InitOptions {
  /** The project's ingest key, `pk_...`. Public: it may stand in a page. */
  key: string;

  /**
   * Where events go: the server's origin (`https://telemetry.example.com`, to which `/v1/events` is added),
   * or a full address, used as it is. May be relative to the page: `/` when the same server serves both.
   */
  endpoint: string;

  /** Events that make a batch complete, sent at once. From 1 to 500. Default: 100. */
  batchSize?: number;

  /** How long an event waits for others before it is sent, in milliseconds. From 0 to 3,600,000. Default: 5000. */
  flushIntervalMs?: number;

  /**
   * What Global Privacy Control means here. `'drop'`: while the visitor's browser asks for privacy, nothing
   * is loaded, kept or sent. `'ignore'`: for sites that have the visitor's consent by other means.
   * Default: `'drop'`.
   */
  gpc?: 'drop' | 'ignore';

  /** Says on the console what becomes of events, and why one was refused. Default: `false`. */
  debug?: boolean;

  /**
   * Where `pharos_sdk_bg.wasm` is, for set-ups that move it away from the JavaScript beside which it is
   * published. Default: the file beside this module.
   */
  wasmUrl?: string | URL;
}

/** What an event may carry: whatever JSON can, at most 32 KiB, 64 members an object, 5 levels deep. */
export interface Properties {
  readonly [name: string]: PropertyValue;
}

/** One property. `undefined` is left out, a `Date` becomes its ISO text, as `JSON.stringify` does. */
export type PropertyValue =
  string | number | boolean | null | undefined | Date | readonly PropertyValue[] | Properties;
