// @ts-check
// How soon the dashboard shows something: opened signed in, ten times, each in a browser profile that has never
// seen it. `node tests/bench/paint.mjs`

import { launchBrowser } from '../support/browser.mjs';
import { settled, signedIn } from '../support/dashboard.mjs';
import { Server } from '../support/server.mjs';

const TIMES = 10;

const server = await Server.start({ env: { TELEMETRY_LOG: 'warn' } });
const browser = await launchBrowser();
try {
  await server.command('seed-demo', '--force', '--events', '20000');
  const { context } = await signedIn(browser, server);
  const storageState = await context.storageState();
  const [paints, settles, bytes] = [[], [], []].map(() => /** @type {number[]} */ ([]));
  for (let time = 0; time < TIMES; time++) {
    const { context, page } = await signedIn(browser, server, { storageState });
    const began = performance.now();
    await page.goto(server.origin + '/');
    await settled(page, 'Overview');
    settles?.push(performance.now() - began);
    const measured = await page.evaluate(() => ({
      paint_ms: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
      bytes: performance
        .getEntriesByType('resource')
        .filter((entry) => entry.name.endsWith('.js'))
        .reduce((sum, entry) => sum + /** @type {PerformanceResourceTiming} */ (entry).encodedBodySize, 0),
    }));
    paints?.push(measured.paint_ms);
    bytes?.push(measured.bytes);
    await context.close();
  }
  /** @param {number[] | undefined} list */
  const spread = (list = []) => {
    const sorted = list.sort((a, b) => a - b).map(Math.round);
    return `median ${sorted[Math.floor(sorted.length / 2)]}, worst ${sorted.at(-1)}`;
  };
  console.log(`first contentful paint, ms: ${spread(paints)}`);
  console.log(`all answers of the overview shown, ms: ${spread(settles)}`);
  console.log(`scripts loaded for it, bytes as sent: ${spread(bytes)}`);
} finally {
  await browser.close();
  await server.dispose();
}
