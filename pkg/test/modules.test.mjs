// The modules that a page may load beside the SDK.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withPage } from './page.mjs';

const use = (page, name, start) =>
  page.evaluate(async ([name, start]) => void (globalThis.stop = (await import(`/sdk/${name}.js`))[start]()), [name, start]); // prettier-ignore
const names = (collector) => collector.events.map((event) => event.event);
const NEVER = { flushIntervalMs: 3_600_000 };

test('pages: each address a single-page app shows is a page view, until stopped', () =>
  withPage(
    async ({ page, collector }) => {
      await use(page, 'pages', 'trackPages');
      await page.evaluate(async () => {
        history.pushState(null, '', '/lamps');
        await 0;
        history.replaceState(null, '', '/lamps?sort=price');
        await 0;
        history.pushState(null, '', '/cart');
        await 0;
        history.back();
        await new Promise((resolve) => addEventListener('popstate', resolve, { once: true }));
        stop();
        history.pushState(null, '', '/late');
        await pharos.flush();
      });
      assert.deepEqual(
        collector.events.map(({ properties }) => [properties.path, properties.from]),
        [['/page', undefined], ['/lamps', '/page'], ['/cart', '/lamps'], ['/lamps', '/cart']], // prettier-ignore
      );
      assert.deepEqual(new Set(names(collector)), new Set(['page_view']));
    },
    { options: NEVER },
  ));

test('clicks: an element says what its click means', () =>
  withPage(
    async ({ page, collector }) => {
      await use(page, 'clicks', 'trackClicks');
      await page.evaluate(async () => {
        document.body.innerHTML =
          '<button data-telemetry-event="add_to_cart" data-telemetry-product-id="a" data-other="x"><b>Add</b></button><i>no</i>';
        const button = document.querySelector('button');
        button.addEventListener('click', (event) => event.stopImmediatePropagation());
        document.querySelector('b').click();
        document.querySelector('i').click();
        stop();
        button.click();
        await pharos.flush();
      });
      assert.deepEqual(
        collector.events.map(({ event, properties }) => [event, properties]),
        [['add_to_cart', { product_id: 'a' }]],
      );
    },
    { options: NEVER },
  ));

test('errors: uncaught ones, each once, stripped', () =>
  withPage(
    async ({ page, collector, uncaught }) => {
      await use(page, 'errors', 'trackErrors');
      await page.evaluate(async () => {
        const fault = new TypeError('no cart of ada@example.org');
        for (let i = 0; i < 3; i++) setTimeout(() => { throw fault; }); // prettier-ignore
        void Promise.reject('plain');
        await new Promise((resolve) => setTimeout(resolve, 50));
        stop();
        await pharos.flush();
      });
      uncaught.length = 0;
      const told = collector.events.map(({ properties: { how, kind, message } }) => [how, kind, message]);
      assert.deepEqual(told.sort(), [
        ['error', 'TypeError', 'Uncaught TypeError: no cart of [email]'],
        ['unhandledrejection', 'string', 'plain'],
      ]);
    },
    { options: NEVER },
  ));

test('vitals: what the page learns of itself, in the units that people know', () =>
  withPage(
    async ({ page, collector }) => {
      await use(page, 'vitals', 'trackVitals');
      await page.evaluate(() => (document.body.textContent = 'painted'));
      await page.mouse.click(5, 5);
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))),
      );
      await page.goto(`${collector.origin}/other`);
      const events = await collector.received(2);
      for (const { event, properties } of events) {
        assert.equal(event, 'web_vital');
        assert.match(properties.name, /^(lcp|inp|cls|fcp|ttfb)$/);
        assert.equal(typeof properties.value, 'number');
        assert.match(properties.rating, /^(good|needs-improvement|poor)$/);
      }
    },
    { options: NEVER },
  ));

test('the tag: one script element, calls queued before it has loaded, modules by name', () =>
  withPage(
    async ({ page, collector }) => {
      await page.evaluate(() => {
        window.pharos = { q: [['trackEvent', 'early', { n: 1 }]] };
        const tag = document.createElement('script');
        tag.src = '/sdk/tag.js';
        Object.assign(tag.dataset, { key: 'pk_tag', sdk: '/sdk/', modules: 'pages' });
        document.head.append(tag);
      });
      await page.waitForFunction(() => window.pharos.sessionId?.());
      // The module is loaded after the SDK has started, and may miss this flush.
      await page.evaluate(() => pharos.flush());
      await collector.received(2);
      assert.deepEqual(names(collector).toSorted(), ['early', 'page_view']);
      assert.equal(collector.batches[0].body.key, 'pk_tag');
    },
    { start: false },
  ));
