// What the page may ask for and pass. Meaning, unit, default and bounds of each stand here; the README's
// table repeats them in short.

/** What the visitor said. */
export type Consent = 'granted' | 'denied' | 'pending';

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
   * What the visitor said to being measured, if the site asks. `'granted'`: an anonymous id makes one visitor of
   * several visits. `'pending'`: events are held in memory, neither kept nor sent, until {@link setConsent}.
   * `'denied'`: nothing is loaded, kept or sent, and what was kept is deleted. Default: none of these: events are
   * sent, and no id outlives a visit.
   */
  consent?: Consent;

  /**
   * What Global Privacy Control means here, where the visitor's browser asks for it. `'drop'`: nothing is loaded,
   * kept or sent. `'anonymous'`: events are sent without any user id, and nothing is kept in the browser.
   * `'ignore'`: for sites that have the visitor's consent by other means. Default: `'drop'`.
   */
  gpc?: 'drop' | 'anonymous' | 'ignore';

  /**
   * What is stripped, where the strict default does not suit: the same form as the server's (docs/privacy.md), such
   * as `{ kinds: { ip: 'keep' }, keys: { crew_code: 'hash' }, allow: ['support_email'] }`. Rules that are not
   * understood are said on the console, and the default stays.
   */
  pii?: Record<string, unknown>;

  /** The share of events that are sent, by name: `{ mouse_moved: 0.01 }`. From 0 to 1. Default: all. */
  sample?: Readonly<Record<string, number>>;

  /**
   * Sees each event before it is stripped and may change its properties; `null` leaves it out. What it returns is
   * stripped like everything else.
   */
  beforeSend?: (event: { event: string; properties: Properties }) => { properties: Properties } | null;

  /** Says on the console what becomes of every event, and what was stripped from it. Default: `false`. */
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
