// Where the reader is: the address is the whole state of a view, so that a reload, a bookmark and the back
// button all show the same. Knows paths and parameters; what they mean is each view's own business.

import { useEffect, useState } from 'preact/hooks';
import { isView } from './views';

/** The address as views see it. */
export interface Place {
  path: string;
  params: URLSearchParams;
}

/** Parameters to change: null takes one away, a list repeats it. */
export type Changes = Record<string, string | string[] | null>;

const listeners = new Set<() => void>();
let moves = 0;

/** The present address. */
export function place(): Place {
  return { path: location.pathname, params: new URLSearchParams(location.search) };
}

/** The present address, and a new rendering whenever it changes. */
export function usePlace(): Place {
  const [now, setNow] = useState(place);
  useEffect(() => {
    const moved = () => setNow(place());
    listeners.add(moved);
    // It may have changed between rendering and listening.
    moved();
    return () => void listeners.delete(moved);
  }, []);
  return now;
}

/** Goes to an address of the dashboard. `replace` leaves no trace in the history. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  announce();
}

/** Changes parameters of the present address. */
export function setParams(changes: Changes, how: 'push' | 'replace' = 'push'): void {
  go(addressWith(place(), changes), how);
}

/** The address of `from` with some parameters changed. */
export function addressWith({ path, params }: Place, changes: Changes): string {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of value === null ? [] : [value].flat()) next.append(name, one);
  }
  const query = next.toString();
  return query ? `${path}?${query}` : path;
}

/** Whether the reader has moved since the page was loaded: only then does a new view take the focus. */
export function hasMoved(): boolean {
  return moves > 0;
}

/** Listens to the back button and to links: those to a view change the address without loading the page anew. */
export function startRouter(): void {
  addEventListener('popstate', announce);
  document.addEventListener('click', (click) => {
    if (click.defaultPrevented || click.button !== 0) return;
    if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    if (!link || link.target || link.download || link.origin !== location.origin) return;
    if (!isView(link.pathname) || (link.hash && link.pathname === location.pathname)) return;
    click.preventDefault();
    go(link.pathname + link.search);
  });
}

function announce(): void {
  moves++;
  for (const listener of listeners) listener();
}
