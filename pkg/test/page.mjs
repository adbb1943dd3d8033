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

/** The numbers of events. */
export const seqs = (events) => events.map((event) => event.seq);
export const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

/** Tracks events in one task of the page. */
export const track = (page, count, properties = {}) =>
  page.evaluate(([n, p]) => { for (let i = 0; i < n; i++) pharos.trackEvent('step', { i, ...p }); }, [count, properties]); // prettier-ignore

/**
 * Runs `work` with a page in a new profile. `pharos` on the page is the SDK's module.
 * `prepare` runs in the page before anything else.
 */
export async function withPage(
  work,
  { options = {}, prepare, start = true, pageHeaders = {}, path = '/page', cached = false } = {},
) {
  const collector = await Collector.start({ '/sdk/': DIST, '/page': PAGE, '/other': PAGE });
  collector.pageHeaders = pageHeaders;
  // Playwright turns the back-forward cache off unless told.
  const own = cached
    ? await launchBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
    : undefined;
  const context = await (own ?? browser).newContext();
  try {
    if (prepare) await context.addInitScript(prepare);
    const said = [];
    const uncaught = [];
    const load = async (path) => {
      const page = await context.newPage();
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => uncaught.push(error.message));
      await page.goto(collector.origin + path);
      await page.evaluate(async () => void (globalThis.pharos = await import('/sdk/index.js')));
      return page;
    };
    const all = (more) => ({ key: 'pk_test', endpoint: '/', ...options, ...more });
    const page = await load(path);
    // Functions do not travel into the page: what a test sets as `hooks` there are options too.
    const init = (more) =>
      page.evaluate((options) => pharos.init({ ...options, ...globalThis.hooks }), all(more));
    /** Another tab, with the SDK started in it. */
    const open = async (path, more) => {
      const page = await load(path);
      await page.evaluate((options) => pharos.init(options), all(more));
      return page;
    };
    if (start) await init();
    await work({ page, collector, context, init, open, said, uncaught });
    if (uncaught.length) throw new Error(`uncaught in the page: ${uncaught.join('; ')}`);
  } finally {
    await context.close();
    await own?.close();
    await collector.stop();
  }
}
