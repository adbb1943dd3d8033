/**
 * Browser telemetry that strips personal data in the page and knows what became of every event.
 *
 * Every function may be called at any time: before `init`, while the wasm loads, after `shutdown`, and where
 * there is no page at all (server rendering), where it does nothing. None ever throws into the page.
 *
 * @module
 */

// The rules of events are the wasm's. Here: loading it, taking calls whether or not it is there, what the visitor agreed
// to, and standing between the SDK and the page so that neither can break the other.

import { CHARS_MAX, keepCall, takeCalls } from './calls.js';
import { loadCore } from './core.js';
import { add, type Losses, saveLosses } from './losses.js';
import { type Settings, settings } from './options.js';
import { asksForPrivacy } from './page.js';
import { type Sender, startSender } from './sender.js';
import { anonymousId } from './session.js';
import { openStore, type Store } from './store.js';
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
/** As what events count while none are taken. */
let off: keyof Losses | undefined;
let warned = false;

/** Events lost while there is no sender to report them. */
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
  if (!inPage()) return;
  try {
    if (off) return lose(off, name);
    const at = Date.now();
    const json = toJson(common ? { ...common, ...properties } : properties);
    if (typeof name !== 'string' || !json || json.length > CHARS_MAX) return lose('invalid', name);
    const chars = name.length + json.length;
    if (!keepCall([name, json, at], chars)) {
      sender?.keep();
      if (!keepCall([name, json, at], chars)) lose('queue_full', name);
    }
    sender?.tracked();
  } catch (error) {
    fail(error);
  }
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
      turnOff('consent');
      end();
      store?.clear();
    } else if (sender) {
      sender.resume();
      recognise(sender);
    } else if (off === 'consent' && asked) {
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
  off = 'shut_down';
  await started;
  const last = sender;
  sender = undefined;
  await flushed(last);
  guarded(() => last?.stop());
  started = undefined;
}

/** The id of the session, as events carry it; `null` until the SDK is ready. */
export function sessionId(): string | null {
  return guarded(() => sender?.sessionId()) ?? null;
}

async function start(options: InitOptions): Promise<boolean> {
  try {
    off = undefined;
    const wanted = settings(options);
    asked = { ...options };
    checked = wanted;
    const { consent, gpc, project } = wanted;
    store = openStore(project, consent !== 'pending' && !anonymous());
    if (consent === 'denied') {
      turnOff('consent');
      store.clear();
      return false;
    }
    if (gpc === 'drop' && asksForPrivacy()) {
      turnOff('gpc');
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
    sender = startSender(core, wanted, store, guarded, debug || undefined);
    sender.lose(lost);
    lost = {};
    recognise(sender);
    sender.tracked();
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

/** With consent, several visits are one visitor's, until `identify` says whose. */
function recognise(sender: Sender): void {
  if (checked?.consent === 'granted' && store && !anonymous())
    sender.identify(`anonymous ${anonymousId(store)}`);
}

/** Calls made before the wasm is there end with the page: they are raw, and raw they are neither kept nor sent. */
function notReady(): void {
  const early = takeCalls().filter((call) => typeof call !== 'function').length;
  if (early) add(lost, { not_ready: early });
  if (store) saveLosses(store, lost);
  lost = {};
}

function anonymous(): boolean {
  return checked?.gpc === 'anonymous' && asksForPrivacy();
}

function later(chars: number, call: (sender: Sender) => void): void {
  if (sender) call(sender);
  else keepCall(() => call(sender!), chars);
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
  turnOff('not_ready');
  end();
  if (warned) return;
  warned = true;
  console.warn('pharos: events are not sent:', error);
}

function turnOff(as: keyof Losses): void {
  off = as;
  takeCalls();
}

function end(): void {
  sender?.end();
  sender = undefined;
  started = undefined;
}

function lose(as: keyof Losses, name: unknown): void {
  // A sender that is shutting down reports no more.
  if (sender && !off) sender.lose({ [as]: 1 });
  else add(lost, { [as]: 1 });
  if (asked?.debug) void import('./debug.js').then(({ refused }) => refused(name, as));
}
