// What the browser tests share: a page with the built SDK in it, and a collector it talks to.

import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Collector } from '../../tests/packaging/collector.mjs';
import { launchBrowser } from '../../tests/support/browser.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const PAGE = '<!doctype html><title>Page</title><link rel="icon" href="data:,">';

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

/**
 * Runs `work` with a page in a new profile. `pharos` on the page is the SDK's module.
 * `prepare` runs in the page before anything else.
 */
export async function withPage(
  work,
  { options = {}, prepare, start = true, pageHeaders = {}, path = '/page' } = {},
) {
  const collector = await Collector.start({ '/sdk/': DIST, '/page': PAGE, '/other': PAGE });
  collector.pageHeaders = pageHeaders;
  const context = await browser.newContext();
  try {
    if (prepare) await context.addInitScript(prepare);
    const page = await context.newPage();
    const said = [];
    const uncaught = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => uncaught.push(error.message));
    await page.goto(collector.origin + path);
    await page.evaluate(async () => void (globalThis.pharos = await import('/sdk/index.js')));
    const init = (more) =>
      page.evaluate((all) => pharos.init(all), { key: 'pk_test', endpoint: '/', ...options, ...more });
    if (start) await init();
    await work({ page, collector, context, init, said, uncaught });
    if (uncaught.length) throw new Error(`uncaught in the page: ${uncaught.join('; ')}`);
  } finally {
    await context.close();
    await collector.stop();
  }
}
