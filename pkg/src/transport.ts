// The only file that sends. Two ways: `fetch`, which has an answer, and the beacon, which outlives the page
// and has none. Does not know what it sends, or what an answer means for it.

/**
 * The largest body sent with `keepalive`, which lets a request finish after its page is gone. All such requests
 * and all beacons of a page share 64 KiB; half is kept for the beacons of a page that leaves while a request is
 * on its way.
 */
const KEEPALIVE_BYTES_MAX = 32 * 1024;

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
  outlivesPage: boolean;
  /** Never rejects. */
  answer: Promise<Answer>;
  stop(): void;
}

/**
 * Posts `body` as `text/plain` and without headers of ours, so that the browser asks no permission first (no
 * preflight), and without cookies. `unanswered`: nothing came back from the last try, and a quota that others have used up may be why.
 */
export function post(url: string, body: string, unanswered: boolean): Flight {
  const abort = new AbortController();
  const keepalive = !unanswered && new Blob([body]).size <= KEEPALIVE_BYTES_MAX;
  const init: RequestInit = { method: 'POST', body, keepalive, credentials: 'omit', signal: abort.signal };
  return { outlivesPage: keepalive, answer: answered(url, init, abort), stop: () => abort.abort() };
}

async function answered(url: string, init: RequestInit, abort: AbortController): Promise<Answer> {
  const timer = setTimeout(() => abort.abort(), ANSWER_WAIT_MAX_MS);
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) || 0, text };
  } catch {
    return { status: 0, retryAfter: 0, text: '' };
  } finally {
    clearTimeout(timer);
  }
}

/** Hands `body` to the browser, to be sent whatever becomes of the page. `false`: it is still ours. */
export function beacon(url: string, body: string): boolean {
  try {
    return navigator.sendBeacon(url, body);
  } catch {
    return false;
  }
}
