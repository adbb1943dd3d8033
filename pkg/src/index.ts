/**
 * Browser telemetry that strips personal data in the page and knows what became of every event.
 *
 * Every function may be called at any time: before `init`, while the wasm loads, after `shutdown`, and where
 * there is no page at all (server rendering), where it does nothing. None ever throws into the page.
 *
 * @module
 */

// The rules of events are the wasm's. Here: loading it, keeping calls until it is there, what the visitor agreed to,
// and standing between the SDK and the page so that neither can break the other.

import { loadCore } from './core.js';
import { CHARS_MAX, Kept } from './kept.js';
import { add, type Losses } from './losses.js';
import { type Settings, settings } from './options.js';
import { asksForPrivacy } from './page.js';
import { Sender } from './sender.js';
import { anonymousId } from './session.js';
import { Store } from './store.js';
import type { InitOptions, Properties } from './types.js';

export type { Consent, InitOptions, Properties, PropertyValue } from './types.js';

/** What takes the events, once the wasm is ready. */
let sender: Sender | undefined;
/** Settles when the last `init` has come to an end, either way. */
let started: Promise<boolean> | undefined;
/** What the last `init` was asked for. */
let asked: InitOptions | undefined;
let checked: Settings | undefined;
let store: Store | undefined;
/** Properties of every event. */
let common: Properties | undefined;
/** Why events are not taken, and as what they count, while that is so. */
let off: { why: string; as: keyof Losses } | undefined;
let warned = false;

/** Calls made before there is a sender, and events lost before there is. */
const kept = new Kept<Sender>();
/** How many of these calls are events. */
let early = 0;
let lost: Losses = {};

/**
 * Starts the SDK: loads the wasm without holding up the page, then sends what was tracked in the meantime, and
 * what pages before this one left unsent. A second call while it runs changes nothing; after `shutdown` it starts
 * anew.
 *
 * @returns Whether events are taken from here on. `false` with Global Privacy Control, without consent, without a
 *   page, and where something is wrong, which the console then says once. Never rejects.
 */
export async function init(options: InitOptions): Promise<boolean> {
  if (!inPage()) return false;
  const ready = await (started ??= start(options));
  // The page may ask again, with the visitor's consent or another key.
  if (!ready) started = undefined;
  return ready;
}

/**
 * Tracks one event. Cheap: it is queued, and sent with others.
 *
 * @param name Lower-case letters and underscores, at most 100: `add_to_cart`.
 * @param properties Turned into JSON at once, so later changes to the object do not matter. Personal data is taken
 *   out before anything is queued.
 */
export function trackEvent(name: string, properties?: Properties | null): void {
  guarded(() => {
    if (off) return lose(off.as, name, off.why);
    const now = Date.now();
    const json = toJson(common ? { ...common, ...properties } : properties);
    if (typeof name !== 'string' || json === undefined || json.length > CHARS_MAX) {
      lose('invalid', name, 'its name must be a string, its properties an object that JSON can hold');
    } else if (sender) {
      deliver(sender, name, json, now);
    } else if (kept.add(name.length + json.length, (sender) => deliver(sender, name, json, now))) {
      early++;
    } else lose('queue_full', name, 'too many calls before the SDK was ready');
  });
}

/**
 * Tracks a `page_view` with the page's path.
 *
 * @param properties Further properties, or another `path`.
 */
export function page(properties?: Properties): void {
  if (inPage()) trackEvent('page_view', { path: location.pathname, ...properties });
}

/**
 * Starts a clock: `const done = time('search_done'); ...; done({ hits: 7 })`.
 *
 * @returns Tracks the event, with `duration_ms` since.
 */
export function time(name: string): (properties?: Properties) => void {
  const from = performance.now();
  return (properties) =>
    trackEvent(name, { ...properties, duration_ms: Math.round(performance.now() - from) });
}

/**
 * Says who the user is, for events from here on. Only a hash of the id leaves the page. `null` forgets.
 *
 * @param id Any stable id of yours: a string, or a number.
 */
export function identify(id: string | number | null): void {
  guarded(() => {
    if (off || anonymous()) return;
    const raw = typeof id === 'string' || typeof id === 'number' ? `${id}` : '';
    later(raw.length, (sender) => sender.identify(raw));
  });
}

/** Sets properties that every event from here on has; its own win. `null` forgets them. */
export function setContext(properties: Properties | null): void {
  common = properties ?? undefined;
}

/** Forgets who the user is: the id, the anonymous id and the session. For when somebody signs out. */
export function reset(): void {
  guarded(() => {
    common = undefined;
    later(0, (sender) => {
      sender.identify('');
      sender.reset();
      recognise(sender);
    });
  });
}

/**
 * Says what the visitor answered. `'granted'`: what was held is sent. `'denied'`: what waits is deleted, with all
 * that is kept in the browser, and nothing is tracked from here on.
 */
export function setConsent(consent: 'granted' | 'denied'): void {
  guarded(() => {
    if (asked) asked.consent = consent;
    if (checked) checked.consent = consent;
    if (consent === 'denied') {
      turnOff('consent', 'the visitor did not consent');
      end();
      store?.clear();
    } else if (sender) {
      sender.resume();
      recognise(sender);
    } else if (off?.as === 'consent' && asked) {
      void init(asked);
    }
  });
}

/**
 * Sends what waits, now.
 *
 * @returns Settles when nothing waits any more, or when a try failed; what could not be sent is kept and tried
 *   again. Never rejects.
 */
export async function flush(): Promise<void> {
  await started;
  await flushed(sender);
}

/**
 * Sends what waits, then stops: no listener or timer remains, and later events are dropped.
 *
 * @returns Settles when that is done. Never rejects.
 */
export async function shutdown(): Promise<void> {
  if (!started || off) return;
  off = { why: 'the SDK was shut down', as: 'shut_down' };
  await started;
  const last = sender;
  sender = undefined;
  await flushed(last);
  guarded(() => last?.stop());
  started = undefined;
}

/** The id of the session, as events carry it; `null` until the SDK is ready. */
export function sessionId(): string | null {
  return sender?.sessionId ?? null;
}

async function start(options: InitOptions): Promise<boolean> {
  try {
    off = undefined;
    const wanted = settings(options);
    asked = { ...options };
    checked = wanted;
    const { consent, gpc, project } = wanted;
    store = new Store(project, consent !== 'pending' && !anonymous());
    if (consent === 'denied') {
      turnOff('consent', 'the visitor did not consent');
      store.clear();
      return false;
    }
    if (gpc === 'drop' && asksForPrivacy()) {
      turnOff('gpc', 'the browser asks for privacy (Global Privacy Control)');
      return false;
    }
    addEventListener('pagehide', notReady);
    const url = options.wasmUrl ?? new URL('./pharos_sdk_bg.wasm', import.meta.url);
    const [core, debug] = await Promise.all([loadCore(url), options.debug && import('./debug.js')]);
    removeEventListener('pagehide', notReady);
    // Consent may have been withdrawn in the meantime.
    if (off) return false;
    const wrong = options.pii ? core.setRules(JSON.stringify(options.pii)) : '';
    if (wrong) console.error(`pharos: pii: ${wrong}. Everything is stripped, as without rules`);
    if (debug) core.listRedactions();
    const ready = new Sender(core, wanted, store, guarded, debug ? new debug.Debug() : undefined);
    ready.lose(lost);
    lost = {};
    recognise(ready);
    kept.replay(ready);
    early = 0;
    sender = ready;
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

/** Hands an event over: the page's last word on it, then the sender's. */
function deliver(sender: Sender, name: string, json: string, now: number): void {
  const { sample, beforeSend } = checked!;
  if (Math.random() >= (sample?.[name] ?? 1)) return lose('sampled', name, 'left out by sample');
  if (beforeSend) {
    const changed = asPageWants(() =>
      beforeSend({ event: name, properties: JSON.parse(json) as Properties }),
    );
    const text = changed && toJson(changed.properties);
    if (!text) return lose('before_send', name, 'left out by beforeSend');
    json = text;
  }
  sender.track(name, json, now);
}

/** With consent, several visits are one visitor's, until `identify` says whose. */
function recognise(sender: Sender): void {
  if (checked?.consent === 'granted' && store && !anonymous())
    sender.identify(`anonymous ${anonymousId(store)}`);
}

/** Calls made before the wasm is there end with the page: they are raw, and raw they are neither kept nor sent. */
function notReady(): void {
  kept.clear();
  if (early) add(lost, { not_ready: early });
  early = 0;
  if (store && Object.keys(lost).length) store.set('lost', JSON.stringify(lost));
}

function anonymous(): boolean {
  return checked?.gpc === 'anonymous' && asksForPrivacy();
}

function later(chars: number, call: (sender: Sender) => void): void {
  if (sender) call(sender);
  else kept.add(chars, call);
}

async function flushed(sender: Sender | undefined): Promise<void> {
  try {
    await sender?.flush();
  } catch (error) {
    fail(error);
  }
}

/** `undefined` for what JSON cannot hold: a cycle, a BigInt, a getter or `toJSON` that throws, a function. */
function toJson(properties: unknown): string | undefined {
  return asPageWants(() => JSON.stringify(properties ?? {}));
}

/** Runs what may be the page's code. What it throws is no fault of ours. */
function asPageWants<R>(work: () => R): R | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function inPage(): boolean {
  return typeof window !== 'undefined' && typeof document !== 'undefined';
}

/** Runs `work` where there is a page. What it throws can only be a fault of ours: it ends the SDK, not the page. */
function guarded<R>(work: () => R): R | undefined {
  if (!inPage()) return undefined;
  try {
    return work();
  } catch (error) {
    fail(error);
    return undefined;
  }
}

/** Ends the SDK for this page, and says so once, debug or not: silence would look like success. */
function fail(error: unknown): void {
  turnOff('not_ready', 'it could not start, or could not go on');
  end();
  if (warned) return;
  warned = true;
  console.warn('pharos: events are not sent:', error);
}

function turnOff(as: keyof Losses, why: string): void {
  off = { why, as };
  kept.clear();
}

function end(): void {
  sender?.end();
  sender = undefined;
  started = undefined;
}

function lose(as: keyof Losses, name: unknown, why: string): void {
  // A sender that is shutting down reports no more.
  if (sender && !off) sender.lose({ [as]: 1 });
  else add(lost, { [as]: 1 });
  if (asked?.debug) console.warn(`pharos: ${String(name)} not sent: ${why}`);
}
