// Tracks clicks on elements that ask for it: `<button data-telemetry-event="add_to_cart" data-telemetry-sku="a">`
// tracks `add_to_cart` with `{ sku: 'a' }`. Nothing else of the page is read. Loaded only if used.

import { trackEvent } from '../index.js';

const EVENT = 'telemetryEvent';
const PREFIX = 'telemetry';

/** Starts. Returns a function that stops. */
export function trackClicks(): () => void {
  const clicked = ({ target }: Event) => {
    const element = target instanceof Element && target.closest<HTMLElement>('[data-telemetry-event]');
    if (!element) return;
    const properties: Record<string, string | undefined> = {};
    for (const [name, text] of Object.entries(element.dataset)) {
      if (name.startsWith(PREFIX) && name !== EVENT) properties[snakeCase(name.slice(PREFIX.length))] = text;
    }
    trackEvent(element.dataset[EVENT] ?? '', properties);
  };
  // Before handlers that stop it.
  addEventListener('click', clicked, { capture: true });
  return () => removeEventListener('click', clicked, { capture: true });
}

/** `ProductId`, as `dataset` has `data-telemetry-product-id`, becomes `product_id`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at) => (at ? '_' : '') + letter.toLowerCase());
}
