// The only file that sends. A request has an answer as long as its page lives, and goes on without it where the
// browser allows that. Does not know what it sends, or what an answer means for it.

/** What all requests that outlive a page may hold together: the browser's quota is 64 KiB, less some room. */
export const KEEPALIVE_BYTES_MAX = 60 * 1024;

/** A body this small leaves half of that for the moment at which the page is left. */
const KEEPALIVE_BODY_BYTES_MAX = KEEPALIVE_BYTES_MAX / 2;

/** Below this, what gzip saves is not worth its time. */
const GZIP_CHARS_MIN = 1024;

/** A request without an answer for so long has failed: on a slow phone 60 KiB take some seconds. */
const ANSWER_WAIT_MAX_MS = 30_000;

/** What came back. */
export interface Answer {
  /** 0 when nothing did: no network, refused by the browser (CORS, an ad blocker), stopped, or too late. */
  status: number;
  /** `Retry-After` in seconds, 0 when there is none (or a date, which our server does not send). */
  retryAfter: number;
  /** The body. */
  text: string;
}

const NO_ANSWER: Answer = { status: 0, retryAfter: 0, text: '' };

/** A request on its way. */
export interface Flight {
  /** Whether it goes on if the page goes. */
  outlivesPage: boolean;
  stop(): void;
}

/** Bytes of the requests now on their way that outlive the page. */
let alive = 0;

/** How many bytes of requests that outlive the page the browser should still take. */
export function room(): number {
  return KEEPALIVE_BYTES_MAX - alive;
}

/**
 * Posts `body` without headers of ours, so that the browser asks no permission first (no preflight), and without
 * cookies. Never rejects. `starts` is told of the request as it starts.
 */
export async function post(url: string, body: string, starts: (flight: Flight) => void): Promise<Answer> {
  const abort = new AbortController();
  let stopped = false;
  const flight: Flight = { outlivesPage: false, stop: () => ((stopped = true), abort.abort()) };
  starts(flight);
  const packed = await pack(body);
  if (stopped) return NO_ANSWER;
  flight.outlivesPage = sizeOf(packed) <= Math.min(KEEPALIVE_BODY_BYTES_MAX, room());
  const timer = setTimeout(() => abort.abort(), ANSWER_WAIT_MAX_MS);
  const answer = await ask(url, packed, flight.outlivesPage, abort.signal);
  clearTimeout(timer);
  return answer;
}

/**
 * Hands `body` to the browser now, uncompressed, whatever becomes of the page: compressing takes time that a page
 * which is left has not. `undefined`: there is no room for it. The answer comes if the page is still there then;
 * none comes where the browser knows only beacons (Firefox before 133).
 */
export function leave(url: string, body: string): Promise<Answer | undefined> | undefined {
  if (sizeOf(body) > room()) return undefined;
  if ('keepalive' in Request.prototype) return ask(url, body, true);
  return navigator.sendBeacon(url, body) ? Promise.resolve(undefined) : undefined;
}

/**
 * Hands `body` to the browser for the moment at which the page is gone. `false` where the browser cannot do that, or
 * has no room for it.
 */
export function later(url: string, body: string): boolean {
  try {
    return !!(window as { fetchLater?: (url: string, init: RequestInit) => unknown }).fetchLater?.(url, {
      method: 'POST',
      body,
    });
  } catch {
    return false;
  }
}

async function ask(url: string, body: Body, keepalive: boolean, signal?: AbortSignal): Promise<Answer> {
  const held = keepalive ? sizeOf(body) : 0;
  alive += held;
  try {
    const init: RequestInit = {
      method: 'POST',
      body,
      keepalive,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    };
    const response = await fetch(url, signal ? { ...init, signal } : init);
    const text = await response.text();
    return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) || 0, text };
  } catch {
    return NO_ANSWER;
  } finally {
    alive -= held;
  }
}

type Body = string | ArrayBuffer;

function sizeOf(body: Body): number {
  return new Blob([body]).size;
}

/** The server knows gzip by its first bytes, so no header, which would cost a preflight, has to say so. */
async function pack(text: string): Promise<Body> {
  if (text.length < GZIP_CHARS_MIN || typeof CompressionStream === 'undefined') return text;
  const { readable, writable } = new CompressionStream('gzip');
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode(text));
  void writer.close();
  return new Response(readable).arrayBuffer();
}
