// Tracks a `page_view` for the page and for each address a single-page app shows after it. Loaded only if used.

import { page } from '../index.js';

/** Starts. Returns a function that stops. */
export function trackPages(): () => void {
  let shown = '';
  const look = () => {
    if (location.pathname === shown) return;
    const from = shown;
    shown = location.pathname;
    page(from ? { from } : undefined);
  };
  const { pushState, replaceState } = history;
  const wrap = (change: typeof pushState): typeof pushState =>
    function (this: History, ...args) {
      change.apply(this, args);
      // After the app's own work on it, its title perhaps.
      queueMicrotask(look);
    };
  const pushed = (history.pushState = wrap(pushState));
  const replaced = (history.replaceState = wrap(replaceState));
  addEventListener('popstate', look);
  look();
  return () => {
    removeEventListener('popstate', look);
    // Unless somebody has wrapped them since.
    if (history.pushState === pushed) history.pushState = pushState;
    if (history.replaceState === replaced) history.replaceState = replaceState;
    shown = location.pathname;
  };
}
