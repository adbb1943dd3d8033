// Joins the core (what is sent, what is tried again) with the page (when) and the transport (how).
//
// One request is on its way at a time, so events arrive in the order they happened. While it is, or while a
// failed one waits to be tried again, nothing else leaves but the beacons of a page that does.

import type { Pharos } from '../wasm/pharos_sdk.js';
import { add, type Losses } from './losses.js';
import type { Settings } from './options.js';
import { facts, keepSession, type Session, type Sight, watch } from './page.js';
import { beacon, post, type Answer, type Flight } from './transport.js';

// As the core numbers them (sdk-wasm/src/lib.rs).
const FETCH = 0;
const BEACON = 1;
const NOTHING_WAITS = 0;
const BATCH_WAITS = 2;
const INVALID = -1;
const QUEUE_FULL = -2;
const DONE = -1;

/** No bound of ours on a batch: the core's applies, which leaves room for a batch's head in a beacon. */
const BYTES_MAX = 64 * 1024;
/** A beacon this small that is still refused means that the browser takes no more. */
const BEACON_BYTES_MIN = 1024;

// What the one timer is set for, in the order of who overrides whom.
/** Not set. */
const NEVER = 0;
/** Events wait for others. */
const LINGER = 1;
/** A batch is complete. It leaves from a timer all the same: tracking must stay cheap. */
const SOON = 2;
/** A try failed. */
const RETRY = 3;

/** Runs something of ours where an error of ours must not reach the page. */
export type Guard = (work: () => void) => void;

/** Sends the events of one page. */
export class Sender {
  readonly #core: Pharos;
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #guarded: Guard;
  readonly #unwatch: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = NEVER;
  #flight: Flight | undefined;
  /** Nothing came back from the last try. */
  #unanswered = false;
  /** The server said when to come back. */
  #told = false;
  /** Between `pagehide` and `pageshow`: timers may never fire again. */
  #left = false;
  /** Not yet reported. */
  #losses: Losses = {};
  /** Reported by the flight. */
  #reported: Losses = {};
  #flushes: (() => void)[] = [];

  constructor(core: Pharos, settings: Settings, session: Session, guarded: Guard) {
    this.#core = core;
    this.#settings = settings;
    this.#session = session;
    this.#guarded = guarded;
    this.#unwatch = watch((sight) => guarded(() => this.#seen(sight)));
    keepSession(session);
  }

  get sessionId(): string {
    return this.#session.id;
  }

  /** Tracks one event that happened at `now`; its properties are JSON. */
  track(name: string, properties: string, now: number): void {
    const outcome = this.#core.trackEvent(name, properties, now);
    if (outcome === INVALID) {
      this.lose({ invalid: 1 });
      this.#say(() => `event not sent: ${this.#core.refusal()}`);
    } else if (outcome === QUEUE_FULL) {
      this.lose({ queue_full: 1 });
      this.#say(() => 'event not sent: too many wait');
    } else if (this.#left) {
      this.#leave();
    } else {
      this.#arm(outcome);
    }
  }

  /** Sets who the user is from here on; an empty id forgets. */
  identify(id: string): void {
    this.#core.identify(id);
  }

  /** Counts lost events, to be reported with the next batch. */
  lose(losses: Losses): void {
    add(this.#losses, losses);
  }

  /** Sends what waits. Settles when nothing waits any more, when a try failed, or when it is too early for one. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushes.push(resolve);
      if (this.#told && this.#wake === RETRY) this.settle();
      else this.#send();
    });
  }

  /** Tells whoever waits for a flush. */
  settle(): void {
    for (const resolve of this.#flushes.splice(0)) resolve();
  }

  /** A last beacon for what waits, then silence: no listener or timer remains. */
  stop(): void {
    this.#unwatch();
    this.#leave();
    clearTimeout(this.#timer);
    this.#flight = undefined;
    this.settle();
    this.#core.free();
  }

  #seen(sight: Sight): void {
    if (sight !== 'hidden') this.#left = sight === 'left';
    if (sight === 'back') this.#arm(this.#core.waiting());
    else this.#leave();
  }

  /** Sets the timer for what waits, unless it is set for something that comes first. */
  #arm(waiting: number): void {
    if (this.#flight || waiting === NOTHING_WAITS) return;
    // Nobody knows how long a hidden page lives.
    if (waiting === BATCH_WAITS || document.hidden) this.#sendIn(0, SOON);
    else this.#sendIn(this.#settings.flushIntervalMs, LINGER);
  }

  #sendIn(wait: number, wake: number): void {
    if (wake <= this.#wake) return;
    clearTimeout(this.#timer);
    this.#wake = wake;
    this.#timer = setTimeout(() => this.#guarded(() => this.#send()), wait);
  }

  /** Sends one batch, unless one is on its way. */
  #send(): void {
    if (this.#flight) return;
    clearTimeout(this.#timer);
    this.#wake = NEVER;
    const body = this.#body(FETCH, BYTES_MAX);
    if (body === undefined) return this.settle();
    this.#reported = this.#losses;
    this.#losses = {};
    const flight = post(this.#settings.url, body, this.#unanswered);
    this.#flight = flight;
    void flight.answer.then((answer) => {
      // Otherwise its events have left by beacon in the meantime.
      if (this.#flight === flight) this.#guarded(() => this.#answered(answer));
    });
  }

  #answered({ status, retryAfter, text }: Answer): void {
    this.#flight = undefined;
    const retries = retriesIn(status < 300 ? text : '');
    const outcome = this.#core.answered(status, Math.max(0, retryAfter), retries, Math.random());
    this.#unanswered = status === 0;
    this.#told = retryAfter > 0;
    this.#say(() => (status ? `answer ${status}: ${text}` : 'no answer'));
    if (outcome !== DONE && !retries.length) add(this.#losses, this.#reported);
    if (outcome < DONE) this.lose({ refused: DONE - outcome });

    if (outcome >= 0) {
      this.#sendIn(outcome, RETRY);
      this.settle();
    } else if (this.#flushes.length) this.#send();
    else this.#arm(this.#core.waiting());
  }

  /**
   * Hands everything that waits to the browser, in bodies it may take. What it refuses stays queued, for the
   * timer or the page's return.
   */
  #leave(): void {
    if (this.#flight && !this.#flight.outlivesPage) {
      // It may die with the page. Should it have arrived as well, the ids tell.
      this.#flight.stop();
      this.#flight = undefined;
      this.#core.back(FETCH);
      add(this.#losses, this.#reported);
    }
    for (let bytes = BYTES_MAX; bytes >= BEACON_BYTES_MIN;) {
      const body = this.#body(BEACON, bytes);
      if (body === undefined) break;
      if (beacon(this.#settings.url, body)) {
        this.#core.gone(BEACON);
        this.#losses = {};
      } else {
        this.#core.back(BEACON);
        // Less may still fit the quota.
        bytes /= 2;
      }
    }
    this.#arm(this.#core.waiting());
  }

  /** The next batch on a way, of at most so many bytes of events. */
  #body(way: number, bytes: number): string | undefined {
    const events = this.#core.batch(way, bytes);
    if (events === undefined) return undefined;
    this.#session.nextSeq = this.#core.nextSeq();
    keepSession(this.#session);
    const key = JSON.stringify(this.#settings.key);
    const sdk = `{"name":"pharos-telemetry","version":"${__VERSION__}"}`;
    const context = this.#core.context(facts());
    const dropped = JSON.stringify(this.#losses);
    const sentAt = new Date().toISOString();
    return `{"key":${key},"sent_at":"${sentAt}","sdk":${sdk},"context":${context},"dropped":${dropped},"events":[${events}]}`;
  }

  #say(what: () => string): void {
    if (this.#settings.debug) console.warn(`pharos: ${what()}`);
  }
}

declare const __VERSION__: string;

/** For each verdict of a reply, in order, whether it is `retry`. Empty if the text is no reply of our server. */
function retriesIn(text: string): Uint8Array {
  try {
    const { verdicts } = JSON.parse(text) as { verdicts: { verdict: string }[] };
    return Uint8Array.from(verdicts, ({ verdict }) => (verdict === 'retry' ? 1 : 0));
  } catch {
    return new Uint8Array();
  }
}
