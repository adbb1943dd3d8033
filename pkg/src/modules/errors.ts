// Tracks an `uncaught_error` for errors and rejected promises that nobody caught: message, kind and stack, stripped
// like everything else. Loaded only if used.

import { trackEvent } from '../index.js';

/** Errors tracked in one page at most: one that repeats with every frame says nothing new. */
const ERRORS_MAX = 20;
const MESSAGE_CHARS_MAX = 500;
const STACK_CHARS_MAX = 2000;

/** Starts. Returns a function that stops. */
export function trackErrors(): () => void {
  const seen = new Set<string>();
  const track = (error: unknown, message: string, how: string) => {
    const { name = typeof error, stack = '' } = error instanceof Error ? error : {};
    const key = name + message + stack;
    if (seen.size >= ERRORS_MAX || seen.has(key)) return;
    seen.add(key);
    trackEvent('uncaught_error', {
      how,
      kind: name,
      message: message.slice(0, MESSAGE_CHARS_MAX),
      stack: stack.slice(0, STACK_CHARS_MAX),
    });
  };
  const thrown = ({ error, message }: ErrorEvent) => track(error, message, 'error');
  const rejected = ({ reason }: PromiseRejectionEvent) =>
    track(reason, reason instanceof Error ? reason.message : String(reason), 'unhandledrejection');
  addEventListener('error', thrown);
  addEventListener('unhandledrejection', rejected);
  return () => {
    removeEventListener('error', thrown);
    removeEventListener('unhandledrejection', rejected);
  };
}
