// What waits survives: reload, crash, days offline, a full or forbidden storage, several tabs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../../tests/support/wait.mjs';
import { range, seqs, track, withPage } from './page.mjs';

const NEVER = { flushIntervalMs: 3_600_000 };
const DAY_MS = 24 * 3_600_000;

const unique = (collector) => new Set(collector.events.map((event) => event.id)).size;
/** The page's storage, by name. */
const stored = (page) => page.evaluate(() => ({ ...localStorage }));

test('events survive a crash of the page and leave with the next, in their session and context', () =>
  withPage(
    async ({ page, collector, open }) => {
      collector.reply = () => ({ status: 503 });
      await track(page, 3, { email: 'ada@example.org' });
      assert.doesNotMatch(JSON.stringify(await stored(page)), /ada/, 'only what was stripped is kept');
      const crashed = page.waitForEvent('crash');
      page.goto('chrome://crash').catch(() => {});
      await crashed;
      assert.deepEqual(collector.events, []);
      collector.reply = () => ({});
      const next = await open('/other');
      // A page that is there delivers its own: the next one waits until it must be gone.
      await until('events of the crashed page', () => collector.events.length, { withinMs: 20_000 });
      assert.deepEqual(seqs(collector.events), [0, 1, 2]);
      assert.match(collector.batches[0].body.context.page_url, /\/page$/);
      await track(next, 1);
      await next.evaluate(() => pharos.flush());
      assert.deepEqual(seqs(collector.events), [0, 1, 2, 3]);
      assert.equal(new Set(collector.events.map((event) => event.session_id)).size, 1);
    },
    { options: NEVER },
  ));

test('events of days offline leave when the network is back; those of more than a month are counted', () =>
  withPage(
    async ({ page, collector, context, open }) => {
      await context.setOffline(true);
      const age = (days) =>
        page.evaluate((ms) => {
          const entries = Object.entries(localStorage).filter(([name]) => name.includes('.q.'));
          for (const [name, text] of entries) {
            localStorage.removeItem(name);
            const aged = name.replace(/q\.([^.]+)/, (_, at) => `q.${(parseInt(at, 36) - ms).toString(36)}`);
            localStorage.setItem(aged, text);
          }
        }, days * DAY_MS);
      await track(page, 2);
      await age(20);
      await track(page, 1);
      await age(20);
      await page.evaluate(() => pharos.shutdown());
      await context.setOffline(false);
      await open('/other');
      await collector.received(1);
      assert.equal(unique(collector), 1);
      assert.deepEqual(collector.batches[0].body.dropped, { too_old: 2 });
    },
    { options: NEVER },
  ));

test('an outage of many events: all arrive once, in few requests, when it is over', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => ({ status: 503 });
      for (let i = 0; i < 20; i++) await track(page, 5);
      await until('some tries', () => collector.batches.length >= 3);
      const before = collector.batches.length;
      collector.reply = () => ({});
      await until('all', () => unique(collector) === 100 && collector.batches.length > before);
      await page.evaluate(() => pharos.flush());
      const delivered = collector.batches.slice(before).flatMap((batch) => batch.events);
      assert.deepEqual(
        seqs(delivered).toSorted((a, b) => a - b),
        range(0, 100),
      );
    },
    { options: { flushIntervalMs: 20 } },
  ));

test('tabs share one outbox and one session: nothing is lost, nothing sent twice', () =>
  withPage(
    async ({ page, collector, open }) => {
      // Without a session, tabs that begin in the same moment would each open one.
      await page.evaluate(() => pharos.sessionId());
      const other = await open('/other');
      for (let i = 0; i < 20; i++) {
        await Promise.all([track(page, 10), track(other, 10)]);
        if (i === 10) await other.evaluate(() => pharos.flush());
      }
      await Promise.all([page.evaluate(() => pharos.flush()), other.evaluate(() => pharos.flush())]);
      await collector.received(400);
      assert.equal(collector.events.length, 400);
      assert.equal(unique(collector), 400);
      assert.equal(new Set(collector.events.map((event) => event.session_id)).size, 1);
      // Tabs that track in the same moment may take the same number, but leave none out.
      const numbers = new Set(seqs(collector.events));
      assert.equal(Math.max(...numbers), numbers.size - 1);
    },
    { options: { flushIntervalMs: 30 } },
  ));

test('one tab sends what another left when it was closed', () =>
  withPage(
    async ({ page, collector, open }) => {
      collector.reply = () => ({ status: 0 });
      const other = await open('/other');
      await track(other, 5);
      await other.close({ runBeforeUnload: true });
      collector.reply = () => ({});
      await track(page, 1);
      await page.evaluate(() => pharos.flush());
      await until('all', () => unique(collector) === 6);
    },
    { options: NEVER },
  ));

for (const [what, prepare] of [
  ['full', () => void (Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); })], // prettier-ignore
  ['forbidden', () => void Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })], // prettier-ignore
]) {
  test(`a ${what} storage costs nothing but the next page`, () =>
    withPage(
      async ({ page, collector }) => {
        collector.reply = () => (collector.batches.length < 2 ? { status: 503 } : {});
        await track(page, 250);
        await page.evaluate(() => pharos.flush());
        await page.evaluate(() => pharos.flush());
        assert.equal(unique(collector), 250);
        assert.equal(new Set(collector.events.map((event) => event.session_id)).size, 1);
        await track(page, 3);
        await page.goto(`${collector.origin}/other`);
        await until('what waited', () => unique(collector) === 253);
      },
      { options: NEVER, prepare },
    ));
}

test('the outbox is bounded; what has no room is counted', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => ({ status: 503 });
      await page.evaluate(() => {
        for (let i = 0; i < 10_050; i++) pharos.trackEvent('step', { i });
      });
      await page.evaluate(() => pharos.flush());
      collector.reply = () => ({});
      const tried = collector.events.length;
      await page.evaluate(() => pharos.flush());
      await until('what was taken in', () => unique(collector) === 10_000, { withinMs: 15_000 });
      assert.ok(tried > 0);
      const reported = collector.batches.map((batch) => batch.body.dropped.queue_full ?? 0);
      assert.equal(
        reported.find((count) => count > 0),
        50,
      );
    },
    { options: { flushIntervalMs: 10 } },
  ));

test('what neither the storage nor the browser takes as the page ends is counted', () =>
  withPage(
    async ({ page, collector, open }) => {
      // More than a page may send as it ends, compressed or not; what it sends before never gets through.
      await page.evaluate(() => {
        const text = () =>
          Array.from(crypto.getRandomValues(new Uint32Array(40)), (n) => n.toString(36)).join(' ');
        for (let i = 0; i < 400; i++) pharos.trackEvent('step', { text: text() });
      });
      await page.goto(`${collector.origin}/other`);
      const next = await open('/other');
      await track(next, 1);
      await next.evaluate(() => pharos.flush());
      await until('the loss', () => collector.batches.some((batch) => batch.body.dropped.storage_full > 0));
      const lost = collector.batches.find((batch) => batch.body.dropped.storage_full).body.dropped
        .storage_full;
      assert.equal(unique(collector) + lost, 401, `${unique(collector)} arrived, ${lost} counted`);
    },
    {
      options: NEVER,
      prepare: () => {
        delete window.fetchLater;
        const { fetch } = window;
        window.fetch = (url, init) =>
          init?.method === 'POST' && !init.keepalive ? new Promise(() => {}) : fetch(url, init);
        const { setItem } = Storage.prototype;
        Storage.prototype.setItem = function (name, text) {
          if (name.includes('.q.')) throw new DOMException('', 'QuotaExceededError');
          setItem.call(this, name, text);
        };
      },
    },
  ));

test('a page that ends before the wasm is there says so on the next', () =>
  withPage(
    async ({ page, collector, open }) => {
      await page.route('**/*.wasm', () => {});
      await page.evaluate(() => {
        pharos.trackEvent('early', { email: 'ada@example.org' });
        pharos.identify('ada');
        void pharos.init({ key: 'pk_test', endpoint: '/' });
        pharos.trackEvent('early');
      });
      await page.goto(`${collector.origin}/other`);
      assert.doesNotMatch(JSON.stringify(await stored(page)), /early|ada/);
      const next = await open('/other');
      await track(next, 1);
      await next.evaluate(() => pharos.flush());
      assert.deepEqual(collector.batches[0].body.dropped, { not_ready: 2 });
    },
    { start: false, options: NEVER },
  ));
