// @ts-check
// The dashboard as its reader uses it: signing in, waiting for answers, reading numbers off the screen.

import { openPage } from './browser.mjs';

/** Address and heading of every view, with what it takes to show something. */
export const VIEWS = /** @type {const} */ ([
  ['/', 'Overview'],
  ['/start', 'Send a first event'],
  ['/live', 'Live'],
  ['/events', 'Events'],
  ['/sessions', 'Sessions'],
  ['/sessions?session=visit-1-4', 'One session'],
  ['/trends', 'Trends'],
  ['/breakdown?event=page_view&property=product', 'Breakdown'],
  ['/funnel?steps=page_view,product_view,add_to_cart', 'Funnel'],
  ['/retention?period=day', 'Retention'],
  ['/outcomes', 'Outcomes'],
  ['/quarantine', 'Quarantine'],
  ['/forwarding', 'Forwarding'],
  ['/alerts', 'Alerts'],
  ['/settings', 'Settings'],
]);

/**
 * A signed-in page.
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.mjs').Server} server
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function signedIn(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const { page, troubles } = await openPage(context, server.origin);
  if (!options.storageState) {
    const link = /http:\/\/\S+(\/login#\S+)/.exec(await server.command('login-link'))?.[1];
    await page.goto(server.origin + link);
    await page.getByRole('navigation', { name: 'Views' }).waitFor({ state: 'attached' });
  }
  return { context, page, troubles };
}

/**
 * Waits until a view's heading is there and none of its answers is still out.
 * @param {import('playwright-core').Page} page
 * @param {string} heading
 */
export async function settled(page, heading) {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.waitForFunction(() => !document.querySelector('main .skeleton, main [aria-busy="true"]'));
}

/**
 * The number under a label, such as `Events`.
 * @param {import('playwright-core').Page} page
 * @param {string} label
 */
export async function stat(page, label) {
  const box = page.locator('.stat', { has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) });
  return numberIn(await box.locator('.stat-value').innerText());
}

/**
 * The rows of a table by its name, as text.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @returns {Promise<string[][]>}
 */
export async function rowsOf(page, name) {
  return page
    .getByRole('region', { name })
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => (cell.textContent ?? '').trim())),
    );
}

/** @param {string | undefined} text As written for people: `12,345`. */
export function numberIn(text) {
  return Number((text ?? '').replaceAll(',', ''));
}
