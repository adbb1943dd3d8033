// How events leave a real page: in batches, by timer, by beacon, again after a failure.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accept } from '../../tests/packaging/collector.mjs';
import { until } from '../../tests/support/wait.mjs';
import { withPage } from './page.mjs';

const seqs = (events) => events.map((event) => event.seq);
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const track = (page, count, properties = {}) =>
  page.evaluate(([n, p]) => { for (let i = 0; i < n; i++) pharos.trackEvent('step', { i, ...p }); }, [count, properties]); // prettier-ignore

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
      const [{ body, contentType, beacon }] = collector.batches;
      assert.match(contentType, /^text\/plain/);
      assert.equal(beacon, false);
      assert.deepEqual([first.event, first.properties], ['add_to_cart', { sku: 'a', note: 'to [email]' }]);
      assert.deepEqual([second.event, second.properties], ['checkout', {}]);
      assert.equal(first.user_id, undefined);
      assert.equal(second.user_id, 'u_0ba2824920f3c163d95df7354e6b020d');
      assert.deepEqual([first.seq, second.seq], [0, 1]);
      assert.match(first.session_id, /^[0-9a-f]{32}$/);
      assert.equal(first.session_id, await page.evaluate(() => pharos.sessionId()));
      assert.ok(Math.abs(Date.parse(first.timestamp) - before) < 5000);
      assert.deepEqual([body.key, body.sdk.name, body.dropped], ['pk_test', 'pharos-telemetry', {}]);
      assert.match(body.context.page_url, /\/page\?mail=\[email\]$|\/page\?mail=%5Bemail%5D$/);
      assert.match(body.context.viewport, /^\d+x\d+$/);
      assert.equal(body.context.time_zone, 'UTC');
    },
    { options: { flushIntervalMs: 300 }, path: '/page?mail=ada@example.org' },
  ));

test('a complete batch does not wait, and a burst arrives whole and in order', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 1000);
      assert.deepEqual(seqs(await collector.received(1000)), range(0, 1000));
      assert.deepEqual(new Set(collector.batches.map((batch) => batch.events.length)), new Set([100]));
      assert.equal(new Set(collector.events.map((event) => event.id)).size, 1000);
    },
    { options: { flushIntervalMs: 3_600_000 } },
  ));

test('the session and its numbers go on in the next page of the tab', () =>
  withPage(async ({ page, collector }) => {
    await track(page, 2);
    await page.goto(`${collector.origin}/other`);
    const left = await collector.received(2);
    assert.ok(collector.batches.every((batch) => batch.beacon));
    await page.evaluate(async () => {
      const { init, trackEvent, flush } = await import('/sdk/index.js');
      await init({ key: 'pk_test', endpoint: '/' });
      trackEvent('step');
      await flush();
    });
    const [next] = (await collector.received(3)).slice(2);
    assert.deepEqual([next.session_id, next.seq], [left[0].session_id, 2]);
  }));

test('a page that leaves sends everything by beacon, in bodies a beacon can carry', () =>
  withPage(async ({ page, collector }) => {
    // 200 events of 250 bytes: a batch would be on its way by fetch, the rest waits.
    collector.reply = () => new Promise(() => {});
    await page.evaluate((href) => {
      for (let i = 0; i < 200; i++) pharos.trackEvent('step', { i });
      location.href = href;
    }, `${collector.origin}/other`);
    const events = await collector.received(200);
    assert.deepEqual(new Set(seqs(events)), new Set(range(0, 200)));
    for (const batch of collector.batches.filter((batch) => batch.beacon))
      assert.ok(batch.bytes <= 64 * 1024);
  }));

test('what a beacon cannot carry stays and leaves when the page is back', () =>
  withPage(
    async ({ page, collector }) => {
      await track(page, 3);
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
      await track(page, 1);
      await page.evaluate(() => pharos.flush());
      assert.equal(collector.batches.length, 1);
      assert.deepEqual(seqs(await collector.received(4)), [0, 1, 2, 3]);
      assert.equal(collector.batches[0].beacon, false);
    },
    { prepare: () => void (navigator.sendBeacon = () => false), options: { flushIntervalMs: 3_600_000 } },
  ));

test('beacons are made smaller until the browser takes them', () =>
  withPage(
    async ({ page, collector }) => {
      await page.evaluate(() => {
        for (let i = 0; i < 60; i++) pharos.trackEvent('step', { text: 'x'.repeat(500) });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await collector.received(60);
      // Beacons travel side by side: the order in which they arrive is anybody's.
      const arrived = seqs(collector.events).toSorted((a, b) => a - b);
      assert.deepEqual(arrived, range(0, 60));
      assert.ok(collector.batches.every((batch) => batch.beacon && batch.bytes < 10_000));
    },
    {
      options: { flushIntervalMs: 3_600_000 },
      prepare: () => {
        Object.defineProperty(Document.prototype, 'hidden', { get: () => true });
        const send = navigator.sendBeacon.bind(navigator);
        navigator.sendBeacon = (url, body) => body.length < 10_000 && send(url, body);
      },
    },
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
      assert.equal(events[1].id, events[3].id);
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
    { options: { flushIntervalMs: 3_600_000 } },
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
    { options: { flushIntervalMs: 3_600_000 } },
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
    { options: { flushIntervalMs: 3_600_000 } },
  ));
