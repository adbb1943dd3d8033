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
const WATCHED_MS = 100_000;

/** @type {[string, string, string, 'light' | 'dark', typeof DESK][]} Name, address, heading, scheme, size. */
const PICTURES = [
  ['trends', '/trends?range=30d', 'Trends', 'light', DESK],
  ['trends-phone', '/trends?range=30d', 'Trends', 'dark', PHONE],
  ['breakdown', '/breakdown?event=page_view&property=path&range=30d', 'Breakdown', 'light', DESK],
  ['funnel', '/funnel?steps=page_view,product_view,add_to_cart,purchase', 'Funnel', 'light', DESK],
  ['retention', '/retention', 'Retention', 'dark', DESK],
];

const server = await Server.start({ env: { TELEMETRY_LOG: 'warn' } });
const browser = await launchBrowser();
const traffic = new AbortController();
try {
  await mkdir(IMAGES, { recursive: true });
  // Twice as many days as are shown, so that there is a period before.
  await server.command('seed-demo', '--force', '--days', '60', '--events', '200000');
  const first = await signedIn(browser, server);
  const storageState = await first.context.storageState();
  for (const [name, path, heading, colorScheme, viewport] of PICTURES) {
    const { context, page } = await signedIn(browser, server, { viewport, colorScheme, storageState });
    await page.goto(server.origin + path);
    await settled(page, heading);
    await painted(page);
    await page.screenshot({ path: join(IMAGES, `${name}.png`) });
    await context.close();
  }

  await lastHour(server.origin);
  const { page } = await signedIn(browser, server, { viewport: DESK, storageState });
  await page.goto(server.origin + '/');
  await settled(page, 'Overview');
  void visitors(server.origin, traffic.signal);
  await page.waitForTimeout(WATCHED_MS);
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await painted(page);
    await page.screenshot({ path: join(IMAGES, `overview-${colorScheme}.png`), fullPage: true });
  }
} finally {
  traffic.abort();
  await browser.close();
  await server.dispose();
}

/**
 * Waits until the charts have been drawn.
 * @param {import('playwright-core').Page} page
 */
async function painted(page) {
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.chart-box')].every((box) => box.querySelector('canvas')),
  );
  await page.waitForTimeout(500);
}

/**
 * A lively hour, whatever the time of day.
 * @param {string} origin
 */
async function lastHour(origin) {
  const now = Date.now();
  const some = visits(now);
  const events = [];
  for (let minute = 59; minute >= 1; minute--) {
    const count = Math.round(150 + 40 * Math.sin(minute / 9) + 20 * Math.sin(minute * 2.3));
    for (let index = 0; index < count; index++) {
      const event = some[(minute * 61 + index * 7) % some.length];
      events.push({
        ...event,
        timestamp: new Date(now - minute * 60_000 - index * 250).toISOString(),
        session_id: `hour-${minute}-${index % 9}`,
        seq: Math.floor(index / 9),
      });
    }
  }
  await sendAsPage(origin, events);
}

/**
 * Visits that come and go, a few of their events not as they should be.
 * @param {string} origin
 * @param {AbortSignal} signal
 */
async function visitors(origin, signal) {
  const began = Date.now();
  for (let second = 0; !signal.aborted; second++) {
    const count = Math.round(3 + 1.5 * Math.sin(second / 9) + 0.9 * Math.sin(second * 1.7));
    const now = Date.now();
    const events = visits(now).slice(-count);
    const fresh = events.map((event, index) => ({
      ...event,
      timestamp: new Date(now - index * 40).toISOString(),
      session_id: `now-${second}-${index}`,
      seq: 0,
    }));
    await sendAsPage(origin, fresh);
    if (second % 9 === 0) {
      await sendAsServer(origin, [
        { event: 'Checkout Started', timestamp: new Date(now).toISOString() },
        { event: 'refund', timestamp: 'last tuesday' },
      ]);
    }
    const next = began + (second + 1) * 1000 - Date.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next)));
  }
}
