// @ts-check
// Makes the pictures of the dashboard in docs/images from demo data: make build, then
// `node tests/screenshots.mjs`. The data is that of `pharos seed-demo`, and a minute of visits while it looks.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './support/browser.mjs';
import { settled, signedIn } from './support/dashboard.mjs';
import { sendAsPage, sendAsServer, visits } from './support/seed.mjs';
import { Server } from './support/server.mjs';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const DESK = { width: 1360, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Enough for the moving chart to have a shape. */
const WATCHED_MS = 60_000;

/** @type {[string, string, string, 'light' | 'dark', typeof DESK][]} Name, address, heading, scheme, size. */
const PICTURES = [
  ['trends', '/trends?range=30d', 'Trends', 'light', DESK],
  ['funnel', '/funnel?steps=page_view,product_view,add_to_cart,purchase', 'Funnel', 'light', DESK],
  ['retention', '/retention?period=week', 'Retention', 'dark', DESK],
  ['outcomes', '/outcomes', 'Outcomes', 'light', DESK],
  ['live', '/live', 'Live', 'dark', DESK],
  ['trends-phone', '/trends?range=30d', 'Trends', 'dark', PHONE],
];

const server = await Server.start({ env: { TELEMETRY_LOG: 'warn' } });
const browser = await launchBrowser();
const traffic = new AbortController();
try {
  await mkdir(IMAGES, { recursive: true });
  await server.command('seed-demo', '--force');
  const { context, page } = await signedIn(browser, server, { viewport: DESK, reducedMotion: 'reduce' });
  const storageState = await context.storageState();
  await page.goto(server.origin + '/');
  await settled(page, 'Overview');
  void visitors(server.origin, traffic.signal);
  await page.waitForTimeout(WATCHED_MS);
  await settled(page, 'Overview');
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(IMAGES, `overview-${colorScheme}.png`) });
  }
  for (const [name, path, heading, colorScheme, viewport] of PICTURES) {
    const { context, page } = await signedIn(browser, server, { viewport, colorScheme, storageState });
    await page.goto(server.origin + path);
    await settled(page, heading);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: join(IMAGES, `${name}.png`) });
    await context.close();
  }
} finally {
  traffic.abort();
  await browser.close();
  await server.dispose();
}

/**
 * Visits that come and go, a few of their events not as they should be.
 * @param {string} origin
 * @param {AbortSignal} signal
 */
async function visitors(origin, signal) {
  for (let second = 0; !signal.aborted; second++) {
    const count = Math.round(9 + 5 * Math.sin(second / 7) + 3 * Math.sin(second * 1.7));
    const now = Date.now();
    const events = visits(now).slice(-count);
    const fresh = events.map((event, index) => ({
      ...event,
      timestamp: new Date(now - index * 40).toISOString(),
      session_id: `now-${second}-${index % 3}`,
      seq: Math.floor(index / 3),
    }));
    await sendAsPage(origin, fresh);
    if (second % 9 === 0) {
      await sendAsServer(origin, [
        { event: 'Checkout Started', timestamp: new Date(now).toISOString() },
        { event: 'refund', timestamp: 'last tuesday' },
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
