// How events leave a real page: in batches, by timer, as it is left, again after a failure.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accept } from '../../tests/packaging/collector.mjs';
import { until } from '../../tests/support/wait.mjs';
import { range, seqs, track, withPage } from './page.mjs';

/** Whatever leaves, leaves for another reason than time. */
const NEVER = { flushIntervalMs: 3_600_000 };

test('an event waits for others, then leaves as one batch with its context', () =>
  withPage(
    async ({ page, collector }) => {
      const before = Date.now();
      await page.evaluate(() => {
        pharos.trackEvent('add_to_cart', { sku: 'a', email: 'ada@example.org', note: 'to ada@example.org' });
        pharos.identify('user-42');
        pharos.trackEvent('checkout');
      });
      const [first, second] = await collector.received(2);
      assert.ok(Date.now() - before >= 300, 'it waited');
      assert.equal(collector.batches.length, 1);
      const [{ body, contentType }] = collector.batches;
      assert.match(contentType, /^text\/plain/);
      assert.deepEqual([first.event, first.properties], ['add_to_cart', { sku: 'a', note: 'to [email]' }]);
      assert.deepEqual([second.event, second.properties], ['checkout', {}]);
      assert.equal(first.user_id, undefined);
      assert.equal(second.user_id, 'u_0ba2824920f3c163d95df7354e6b020d');
      assert.deepEqual([first.seq, second.seq], [0, 1]);
      assert.match(first.session_id, /^[0-9a-f]{32}$/);
      assert.equal(first.session_id, await page.evaluate(() => pharos.sessionId()));
      assert.ok(Math.abs(Date.parse(first.timestamp) - before) < 5000);
      assert.deepEqual([body.key, body.sdk.name], ['pk_test', 'pharos-telemetry']);
      assert.deepEqual([body.dropped, body.redacted], [{}, { email: 2 }]);
      assert.match(body.context.page_url, /\/page\?mail=\[email\]$|\/page\?mail=%5Bemail%5D$/);
      assert.match(body.context.viewport, /^\d+x\d+$/);
      assert.equal(body.context.time_zone, 'UTC');
    },
    { options: { flushIntervalMs: 300 }, path: '/page?mail=ada@example.org' },
  ));

test('a complete batch does not wait, takes what waits with it, and is compressed', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 300);
      assert.deepEqual(seqs(await collector.received(300)), range(0, 300));
      const [batch] = collector.batches;
      assert.equal(collector.batches.length, 1);
      assert.ok(batch.gzip && batch.bytes < 300 * 20, `${batch.bytes} bytes`);
    },
    { options: NEVER },
  ));

test('in a stream of events, complete batches leave once a second, with what came in between', () =>
  withPage(
    async ({ page, collector }) => {
      const times = [];
      collector.reply = () => (times.push(Date.now()), {});
      await page.evaluate(async () => {
        for (let i = 0; i < 60; i++) {
          for (let j = 0; j < 5; j++) pharos.trackEvent('step', { i, j });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
      assert.deepEqual(seqs(await collector.received(300)), range(0, 300));
      assert.ok(times.length <= 4, `${times.length} requests`);
      // Less than the second that the page waits, as one request may take longer to arrive than another.
      for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] > 500, times.join());
    },
    { options: { batchSize: 20 } },
  ));

test('events of one task are written as it ends; a page that tracks on writes ten times a second', () =>
  withPage(
    async ({ page }) => {
      const [within, after, writes] = await page.evaluate(async () => {
        const waiting = () => Object.keys(localStorage).filter((name) => name.includes('.q.')).length;
        pharos.trackEvent('step');
        pharos.trackEvent('step');
        const within = waiting();
        await null;
        await null;
        const after = waiting();
        const until = performance.now() + 500;
        while (performance.now() < until) {
          pharos.trackEvent('step');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
        return [within, after, waiting()];
      });
      assert.deepEqual([within, after], [0, 1]);
      assert.ok(writes >= 3 && writes <= 8, `${writes} writes`);
    },
    { options: NEVER },
  ));

test('a burst arrives whole, in order and once', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 5000);
      assert.deepEqual(seqs(await collector.received(5000)), range(0, 5000));
      assert.equal(new Set(collector.events.map((event) => event.id)).size, 5000);
      assert.ok(collector.batches.every((batch) => batch.events.length <= 500));
    },
    { options: { flushIntervalMs: 100 } },
  ));

test('a page that is left sends everything at once, as far as the browser takes it; the next page the rest', () =>
  withPage(
    async ({ page, collector, init }) => {
      collector.reply = () => new Promise(() => {});
      await page.evaluate((href) => {
        for (let i = 0; i < 1000; i++) pharos.trackEvent('step', { i, text: 'x'.repeat(200) });
        location.href = href;
      }, `${collector.origin}/other`);
      await page.waitForURL('**/other');
      await until('as much as fits', () => collector.events.length >= 60);
      for (const batch of collector.batches) assert.ok(batch.bytes <= 64 * 1024);
      collector.reply = () => ({});
      await page.goto(`${collector.origin}/page`);
      await page.evaluate(async () => void (globalThis.pharos = await import('/sdk/index.js')));
      await init({ flushIntervalMs: 100 });
      await until('all', () => new Set(seqs(collector.events)).size === 1000);
      await until('an empty outbox', () => page.evaluate(() => !Object.keys(localStorage).some((name) => name.includes('.q.')))); // prettier-ignore
    },
    { options: NEVER },
  ));

test('a hidden page sends what waits, and its answer is still read', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 3);
      await page.evaluate(() => {
        Object.defineProperty(Document.prototype, 'hidden', {
          get: () => globalThis.away,
          configurable: true,
        });
        globalThis.away = true;
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await collector.received(3);
      await until('an empty outbox', () => page.evaluate(() => !Object.keys(localStorage).some((name) => name.includes('.q.')))); // prettier-ignore
      await track(page, 1);
      assert.deepEqual(seqs(await collector.received(4)), [0, 1, 2, 3], 'nobody knows how long it lives');
      await page.evaluate(() => {
        globalThis.away = false;
        document.dispatchEvent(new Event('visibilitychange'));
        return pharos.flush();
      });
      assert.equal(collector.events.length, 4, 'nothing is sent twice');
    },
    { options: NEVER },
  ));

test('what the browser refuses as a page is left stays, and leaves when the page is back', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 3);
      await page.evaluate(() => {
        globalThis.refuses = true;
        dispatchEvent(new PageTransitionEvent('pagehide'));
      });
      await track(page, 1);
      await page.evaluate(() => {
        globalThis.refuses = false;
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
        return pharos.flush();
      });
      assert.deepEqual(seqs(await collector.received(4)), [0, 1, 2, 3]);
    },
    {
      prepare: () => {
        const { fetch } = window;
        window.fetch = (...args) => (globalThis.refuses ? Promise.reject(new TypeError()) : fetch(...args));
      },
      options: NEVER,
    },
  ));

test('where requests cannot outlive a page, beacons do', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 3);
      await page.goto(`${collector.origin}/other`);
      assert.deepEqual(seqs(await collector.received(3)), [0, 1, 2]);
    },
    { prepare: () => void delete Request.prototype.keepalive, options: NEVER },
  ));

test('a page that returns from the back-forward cache goes on', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 2);
      await page.evaluate(() => void (globalThis.same = true));
      await page.goto(`${collector.origin}/other`);
      await collector.received(2);
      // Without a `load`, for which goBack() would wait.
      await page.evaluate(() => history.back());
      await until('the same page, out of the cache', () => page.evaluate(() => globalThis.same));
      await track(page, 2);
      await page.evaluate(() => pharos.flush());
      assert.deepEqual(new Set(seqs(collector.events)), new Set([0, 1, 2, 3]));
      assert.equal(new Set(collector.events.map((event) => event.session_id)).size, 1);
    },
    { options: NEVER, cached: true },
  ));

test('a failed batch is tried again with the same ids; Retry-After is respected', () =>
  withPage(
    async ({ page, collector }) => {
      const times = [];
      const replies = [{ status: 0 }, { status: 503, headers: { 'retry-after': '1' } }, { status: 429 }];
      collector.reply = () => (times.push(Date.now()), replies.shift() ?? {});
      await track(page, 2);
      await until('four tries', () => times.length === 4, { withinMs: 20_000 });
      const ids = collector.batches.map((batch) => batch.events.map((event) => event.id).join());
      assert.equal(new Set(ids).size, 1);
      assert.ok(times[2] - times[1] >= 1000, 'it came back too early');
    },
    { options: { flushIntervalMs: 10 } },
  ));

test('only the events with the verdict retry are sent again', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = (batch) => {
        const first = collector.batches.length === 1;
        return { body: accept(batch, (event) => (first && event.seq === 1 ? 'retry' : 'accepted')) };
      };
      await track(page, 3);
      const events = await collector.received(4);
      assert.deepEqual(seqs(events), [0, 1, 2, 1]);
      assert.deepEqual(events[1], events[3]);
    },
    { options: { flushIntervalMs: 10 } },
  ));

test('an answer that names no verdicts is no acknowledgement', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => (collector.batches.length === 1 ? { body: 'Welcome to our Wi-Fi' } : {});
      await track(page, 2);
      const events = await collector.received(4);
      assert.deepEqual(seqs(events), [0, 1, 0, 1]);
    },
    { options: { flushIntervalMs: 10 } },
  ));

test('what is refused for good is dropped, and the loss is reported', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => (collector.batches.length === 1 ? { status: 401 } : {});
      await page.evaluate(async () => {
        pharos.trackEvent('step');
        pharos.trackEvent('Invalid-Event-Name');
        pharos.trackEvent('step', { cyclic: globalThis });
        await pharos.flush();
        pharos.trackEvent('step');
        await pharos.flush();
        pharos.trackEvent('step');
        await pharos.flush();
      });
      assert.deepEqual(seqs(collector.events), [0, 1, 2]);
      const dropped = collector.batches.map((batch) => batch.body.dropped);
      assert.deepEqual(dropped, [{ invalid: 2 }, { invalid: 2, refused: 1 }, {}]);
    },
    { options: NEVER },
  ));

test('flush settles when a try has failed, and the events are kept', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => (collector.batches.length === 1 ? { status: 500 } : {});
      await track(page, 1);
      await page.evaluate(() => pharos.flush());
      assert.equal(collector.batches.length, 1);
      await page.evaluate(() => pharos.flush());
      assert.deepEqual(seqs(collector.events), [0, 0]);
    },
    { options: NEVER },
  ));

test('shutdown sends what waits and leaves nothing behind', () =>
  withPage(
    async ({ page, collector, init }) => {
      await track(page, 1);
      await page.evaluate(async () => {
        const ended = pharos.shutdown();
        pharos.trackEvent('too_late');
        await ended;
        pharos.trackEvent('too_late');
        dispatchEvent(new PageTransitionEvent('pagehide'));
        await pharos.flush();
      });
      assert.deepEqual(seqs(collector.events), [0]);
      assert.equal(await init(), true, 'it starts anew');
      await track(page, 1);
      await page.evaluate(() => pharos.flush());
      assert.deepEqual(seqs(collector.events), [0, 1]);
      assert.deepEqual(collector.batches[1].body.dropped, { shut_down: 2 });
    },
    { options: NEVER },
  ));
