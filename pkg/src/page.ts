// What the page tells: its facts, and when it goes out of sight or comes back. Sends nothing, keeps nothing and
// decides nothing.

/** The longest address passed on: a fact that is too long would cost all facts. */
const ADDRESS_CHARS_MAX = 2048;

declare const Temporal: { Now: { timeZoneId(): string } } | undefined;

/** Asked for once: the first time, without `Temporal`, takes longer than all else (in Chromium 148 18 ms, not 0.04). */
let timeZone: string | undefined;

/** The page's facts as JSON, not yet stripped: an address may hold anything. */
export function facts(): string {
  const short = (text: string) => text.slice(0, ADDRESS_CHARS_MAX);
  return JSON.stringify({
    page_url: short(location.href),
    page_title: short(document.title),
    referrer: short(document.referrer),
    language: navigator.language,
    screen: `${screen.width}x${screen.height}`,
    viewport: `${innerWidth}x${innerHeight}`,
    time_zone: (timeZone ??=
      typeof Temporal === 'undefined'
        ? Intl.DateTimeFormat().resolvedOptions().timeZone
        : Temporal.Now.timeZoneId()),
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

/** Tells of the page going out of sight and coming back. */
export function watch(tell: (sight: Sight) => void, { signal }: AbortController): void {
  const listen = (target: EventTarget, event: string, sight?: Sight) =>
    target.addEventListener(event, () => tell(sight ?? (document.hidden ? 'hidden' : 'back')), { signal });
  listen(document, 'visibilitychange');
  // A page that is navigated away from in full view is told this first.
  listen(window, 'pagehide', 'left');
  addEventListener('pageshow', ({ persisted }) => persisted && tell('back'), { signal });
  listen(window, 'online', 'back');
}
