// Tracks a `web_vital` for each of LCP, INP, CLS, FCP and TTFB, once each, as the page learns them. Measured by
// Google's web-vitals. Loaded only if used.

import { onCLS, onFCP, onINP, onLCP, onTTFB, type Metric } from 'web-vitals';

import { trackEvent } from '../index.js';

/** Starts; it goes on for as long as the page lives. */
export function trackVitals(): void {
  const report = ({ name, value, rating, navigationType }: Metric) =>
    trackEvent('web_vital', {
      name: name.toLowerCase(),
      // Milliseconds, but for CLS, which has no unit and is small.
      value: name === 'CLS' ? Math.round(value * 10_000) / 10_000 : Math.round(value),
      rating,
      navigation_type: navigationType,
    });
  for (const measure of [onCLS, onFCP, onINP, onLCP, onTTFB]) measure(report);
}
