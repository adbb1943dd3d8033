// The view shown, kept in the address after `#`, so that links, reloads and the back button work.

import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { page: 'lamps' }
  | { page: 'lamp'; id: string }
  | { page: 'cart' }
  | { page: 'sign_up' }
  | { page: 'checkout' }
  | { page: 'thanks' };

const PATHS: Record<string, Route> = {
  '': { page: 'lamps' },
  cart: { page: 'cart' },
  'sign-up': { page: 'sign_up' },
  checkout: { page: 'checkout' },
  thanks: { page: 'thanks' },
};

/** Reads `#/lamps/fyr` and the like; whatever is unknown is the list. */
export function routeOf(hash: string): Route {
  const [first = '', second] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'lamps' && second) return { page: 'lamp', id: second };
  return PATHS[first] ?? { page: 'lamps' };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(routeOf(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

/** Goes to a view, as a link to it would. */
export function go(path: string): void {
  location.hash = `#/${path}`;
}
