// @ts-check
// An app that has the SDK, and a visit to it. How the app was built, and what serves it, is the tests' business.

import assert from 'node:assert/strict';

import { until } from '../support/wait.mjs';
import { accept, Collector } from './collector.mjs';

/** What an app does, its SDK being `from`. @param {string} from @param {string} endpoint */
export const app = (from, endpoint) => `
  import { flush, init, trackEvent } from ${JSON.stringify(from)};
  trackEvent('early', { how: 'before init' });
  const ready = init({ key: 'pk_test', endpoint: ${JSON.stringify(endpoint)}, flushIntervalMs: 3_600_000 });
  globalThis.pharos = { ready, flush, trackEvent };
`;

/**
 * Opens the page in each browser and sees it through: an early event, a retry by verdict, a last event as it is left.
 * @param {Record<string, import('./browsers.mjs').Browser>} browsers
 * @param {Collector} collector Takes the events.
 * @param {string} url
 */
export async function seeThrough(browsers, collector, url) {
  for (const [name, browser] of Object.entries(browsers)) {
    collector.batches = [];
    collector.reply = (batch) => ({
      body: accept(batch, () => (collector.batches.length === 1 ? 'retry' : 'accepted')),
    });
    const tab = await browser.openTab();
    try {
      await tab.goto(url);
      await until(`the app in ${name}`, () => tab.evaluate('globalThis.pharos?.flush && true'));
      assert.notEqual(await tab.evaluate('pharos.ready'), false, name);
      await tab.evaluate('pharos.flush()');
      const [first, again] = await collector.received(2);
      assert.deepEqual([first?.event, first?.properties], ['early', { how: 'before init' }], name);
      assert.equal(again?.id, first?.id, `the verdict was retry, in ${name}`);
      await tab.evaluate('pharos.flush()');
      await tab.evaluate("pharos.trackEvent('leaving')");
      await tab.goto('about:blank');
      await until(`the last event in ${name}`, () => collector.events.length > 2);
      assert.equal(collector.events[2]?.event, 'leaving', name);
      assert.deepEqual(tab.errors, [], name);
    } finally {
      await tab.close();
    }
  }
}
