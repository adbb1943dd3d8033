// What the page tells: its facts, and when it goes out of sight or comes back. Sends nothing, keeps nothing and
// decides nothing.

/** The longest address passed on: a fact that is too long would cost all facts. */
const ADDRESS_CHARS_MAX = 2048;

/** Asked for once: the first time it takes longer than all else. */
let timeZone: string | undefined;

/** The page's facts as JSON, not yet stripped: an address may hold anything. */
export function facts(): string {
  return JSON.stringify({
    page_url: location.href.slice(0, ADDRESS_CHARS_MAX),
    page_title: document.title.slice(0, ADDRESS_CHARS_MAX),
    referrer: document.referrer.slice(0, ADDRESS_CHARS_MAX),
    language: navigator.language,
    screen: `${screen.width}x${screen.height}`,
    viewport: `${innerWidth}x${innerHeight}`,
    time_zone: (timeZone ??= Intl.DateTimeFormat().resolvedOptions().timeZone),
    gpc: asksForPrivacy() || undefined,
  });
}

/** Whether the browser asks for privacy (Global Privacy Control). */
export function asksForPrivacy(): boolean {
  return !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
}

/** What the page does that events must not be lost to. */
export type Sight =
  /** Out of sight: another tab, another app, or on phones the last sign before the end. */
  | 'hidden'
  /** Being left. It may return from the back-forward cache. */
  | 'left'
  /** In sight again, or the network is back. */
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
  listen(window, 'online', () => 'back');
  return () => abort.abort();
}
