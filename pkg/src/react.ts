// A React hook: starts the SDK once the page is there, and hands out its functions. Renders nothing, and does nothing
// on a server.

import { useEffect } from 'react';

import * as pharos from './index.js';
import type { InitOptions } from './index.js';

/** What {@link useTelemetry} hands out. The same functions each time: safe as dependencies of effects. */
export type Telemetry = Omit<typeof pharos, 'init' | 'shutdown'>;

/**
 * Starts the SDK with `options` when the first component that calls this with options is mounted. Components that
 * only track call it without.
 */
export function useTelemetry(options?: InitOptions): Telemetry {
  useEffect(() => {
    // A second call while it runs changes nothing, so strict mode's double effect does not either.
    if (options) void pharos.init(options);
    // Options are read once: a new object with each render is no new wish.
  }, []);
  return pharos;
}

/** Tracks a `page_view` when a component is mounted, and when `path` changes. */
export function usePageView(path?: string): void {
  useEffect(() => pharos.page(path === undefined ? undefined : { path }), [path]);
}
