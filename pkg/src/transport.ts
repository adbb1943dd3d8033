// The only file that sends. A request has an answer as long as its page lives, and goes on without it where the
// browser allows that. Does not know what it sends, or what an answer means for it.

/** What all requests that outlive a page may hold together: the browser's quota is 64 KiB, less some room. */
const KEEPALIVE_BYTES_MAX = 60 * 1024;

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

/** A request on its way. */
export interface Flight {
  /** Whether it goes on if the page goes. */
  alive: boolean;
  stop: () => void;
  /** Never rejects. */
  answer: Promise<Answer>;
}

type Body = string | ArrayBuffer;

/** Bytes of the requests now on their way that outlive the page. */
let alive = 0;

/** How many bytes of requests that outlive the page the browser should still take. */
export function room(): number {
  return KEEPALIVE_BYTES_MAX - alive;
}

/**
 * Posts `body` without headers of ours, so that the browser asks no permission first (no preflight), and without
 * cookies. It outlives the page if it is so small that half of the quota remains for the moment of leaving.
 */
export function post(url: string, body: string): Flight {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const timer = setTimeout(stop, ANSWER_WAIT_MAX_MS);
  const send = (body: Body) => {
    const bytes = sizeOf(body);
    flight.alive = bytes <= Math.min(KEEPALIVE_BYTES_MAX / 2, room());
    return ask(url, body, flight.alive && bytes, abort.signal);
  };
  const flight: Flight = {
    alive: false,
    stop,
    answer: pack(body)
      .then(send)
      .finally(() => clearTimeout(timer)),
  };
  return flight;
}

/**
 * Hands `body` to the browser now, uncompressed, whatever becomes of the page: compressing takes time that a page
 * which is left has not. `undefined`: there is no room for it. The answer comes if the page is still there then;
 * none comes where the browser knows only beacons (Firefox before 133).
 */
export function leave(url: string, body: string): Promise<Answer | undefined> | undefined {
  const bytes = sizeOf(body);
  if (bytes > room()) return undefined;
  if ('keepalive' in Request.prototype) return ask(url, body, bytes);
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

/** `held`: how much of the quota of what outlives the page this takes; none if it does not. */
async function ask(url: string, body: Body, held: number | false, signal?: AbortSignal): Promise<Answer> {
  alive += +held;
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      keepalive: !!held,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: signal ?? null,
    });
    const text = await response.text();
    return { status: response.status, retryAfter: +(response.headers.get('retry-after') ?? 0) || 0, text };
  } catch {
    return { status: 0, retryAfter: 0, text: '' };
  } finally {
    alive -= +held;
  }
}

const encoder = new TextEncoder();

function sizeOf(body: Body): number {
  return typeof body === 'string' ? encoder.encode(body).length : body.byteLength;
}

/** The server knows gzip by its first bytes, so no header, which would cost a preflight, has to say so. */
async function pack(text: string): Promise<Body> {
  if (text.length < GZIP_CHARS_MIN || !window.CompressionStream) return text;
  const gzip = new CompressionStream('gzip');
  const writer = gzip.writable.getWriter();
  void writer.write(encoder.encode(text));
  void writer.close();
  return new Response(gzip.readable).arrayBuffer();
}
