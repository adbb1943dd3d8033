// What the page tells: its facts, the session its tab keeps, and when it goes out of sight. Sends nothing and
// decides nothing.

/** Where `sessionStorage` keeps the session: its id, a dot, and the number of its next event. */
const SESSION_KEY = 'pharos_session';

/** The longest address passed on: a fact that is too long would cost all facts. */
const ADDRESS_CHARS_MAX = 2048;

/** The page's facts as JSON, not yet stripped: an address may hold anything. */
export function facts(): string {
  return JSON.stringify({
    page_url: location.href.slice(0, ADDRESS_CHARS_MAX),
    referrer: document.referrer.slice(0, ADDRESS_CHARS_MAX),
    language: navigator.language,
    screen: `${screen.width}x${screen.height}`,
    viewport: `${innerWidth}x${innerHeight}`,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
}

/** A tab's session, until the tab is closed. */
export interface Session {
  id: string;
  nextSeq: number;
}

/** The tab's session, or a new one where there is none, or where the browser forbids storage. */
export function openSession(): Session {
  try {
    const kept = /^([0-9a-f]{32})\.(\d{1,9})$/.exec(sessionStorage.getItem(SESSION_KEY) ?? '');
    if (kept) return { id: kept[1]!, nextSeq: Number(kept[2]) };
  } catch {
    // Then a session is one page long.
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { id: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''), nextSeq: 0 };
}

/** Keeps the session for the tab's next page. */
export function keepSession({ id, nextSeq }: Session): void {
  try {
    sessionStorage.setItem(SESSION_KEY, `${id}.${nextSeq}`);
  } catch {
    // As above.
  }
}

/** What the page does that events must not be lost to. */
export type Sight =
  /** Out of sight: another tab, another app, or on phones the last sign before the end. */
  | 'hidden'
  /** Being left. It may return from the back-forward cache. */
  | 'left'
  /** In sight again. */
  | 'back';

/** Tells of the page going out of sight and coming back, until the returned function is called. */
export function watch(tell: (sight: Sight) => void): () => void {
  const abort = new AbortController();
  const listen = (target: EventTarget, event: string, sight: () => Sight) =>
    target.addEventListener(event, () => tell(sight()), { signal: abort.signal });
  listen(document, 'visibilitychange', () => (document.hidden ? 'hidden' : 'back'));
  // A page that is navigated away from in full view is told this first.
  listen(window, 'pagehide', () => 'left');
  listen(window, 'pageshow', () => 'back');
  return () => abort.abort();
}
