/**
 * Browser telemetry that strips personal data in the page and knows what became of every event.
 *
 * Every function may be called at any time: before `init`, while the wasm loads, after `shutdown`, and where
 * there is no page at all (server rendering), where it does nothing. None ever throws into the page.
 *
 * @module
 */

// The rules of events are the wasm's. Here: loading it, keeping calls until it is there, and standing between
// it and the page so that neither can break the other.

import load, { Pharos } from '../wasm/pharos_sdk.js';
import { CHARS_MAX, Kept } from './kept.js';
import { add, type Losses } from './losses.js';
import { settings } from './options.js';
import { openSession } from './page.js';
import { Sender } from './sender.js';
import type { InitOptions, Properties } from './types.js';

export type { InitOptions, Properties, PropertyValue } from './types.js';

/** What takes the events, once the wasm is ready. */
let sender: Sender | undefined;
/** Settles when the last `init` has come to an end, either way. */
let started: Promise<boolean> | undefined;
/** Why events are not taken, while that is so. */
let off = '';
let debug = false;
let warned = false;

/** Calls made before there is a sender, and events lost before there is. */
const kept = new Kept<Sender>();
let lost: Losses = {};

const SHUT_DOWN = 'the SDK was shut down';

/**
 * Starts the SDK: loads the wasm without holding up the page, then sends what was tracked in the meantime.
 * A second call while it runs changes nothing; after `shutdown` it starts anew.
 *
 * @returns Whether events are being sent from here on. `false` with Global Privacy Control, without a page, and
 *   where something is wrong, which the console then says once. Never rejects.
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
 * @param properties Turned into JSON at once, so later changes to the object do not matter. E-mail addresses,
 *   phone and card numbers are taken out before anything is queued.
 */
export function trackEvent(name: string, properties?: Properties | null): void {
  guarded(() => {
    if (off) return turnAway();
    const now = Date.now();
    const json = toJson(properties);
    if (typeof name !== 'string' || json === undefined || json.length > CHARS_MAX) {
      lose({ invalid: 1 }, 'its name must be a string, its properties an object that JSON can hold');
    } else if (sender) {
      sender.track(name, json, now);
    } else if (!kept.add(name.length + json.length, (sender) => sender.track(name, json, now))) {
      lose({ queue_full: 1 }, 'too many calls before the SDK was ready');
    }
  });
}

/**
 * Says who the user is, for events from here on. Only a hash of the id leaves the page. `null` forgets.
 *
 * @param id Any stable id of yours: a string, or a number.
 */
export function identify(id: string | null): void {
  guarded(() => {
    if (off) return;
    const raw = typeof id === 'string' || typeof id === 'number' ? `${id}` : '';
    if (sender) sender.identify(raw);
    else kept.add(raw.length, (sender) => sender.identify(raw));
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
  off = SHUT_DOWN;
  await started;
  const last = sender;
  sender = undefined;
  await flushed(last);
  guarded(() => last?.stop());
  started = undefined;
}

/** The id of this tab's session, as events carry it; `null` until the SDK is ready. */
export function sessionId(): string | null {
  return sender?.sessionId ?? null;
}

async function start(options: InitOptions): Promise<boolean> {
  try {
    off = '';
    const checked = settings(options);
    debug = checked.debug;
    const { globalPrivacyControl } = navigator as { globalPrivacyControl?: boolean };
    if (globalPrivacyControl && options.gpc !== 'ignore') {
      turnOff('the browser asks for privacy (Global Privacy Control)');
      turnAway();
      return false;
    }
    await load({ module_or_path: options.wasmUrl ?? new URL('./pharos_sdk_bg.wasm', import.meta.url) });
    const session = openSession();
    const core = new Pharos(session.id, session.nextSeq, checked.batchEvents);
    const ready = new Sender(core, checked, session, guarded);
    ready.lose(lost);
    lost = {};
    kept.replay(ready);
    sender = ready;
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
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
  try {
    return JSON.stringify(properties ?? {});
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
  turnOff('it could not start, or could not go on');
  sender?.settle();
  sender = undefined;
  if (warned) return;
  warned = true;
  console.warn('pharos: events are not sent:', error);
}

function turnOff(why: string): void {
  off = why;
  kept.clear();
}

function turnAway(): void {
  if (off === SHUT_DOWN) add(lost, { shut_down: 1 });
  say(off);
}

function lose(losses: Losses, why: string): void {
  if (sender) sender.lose(losses);
  else add(lost, losses);
  say(why);
}

function say(why: string): void {
  if (debug) console.warn(`pharos: event not sent: ${why}`);
}
