// The face in a real page: calls before the wasm is there, hostile values, privacy, and what goes wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withPage } from './page.mjs';

test('calls made before the wasm is ready are kept, with their time and as they were', () =>
  withPage(
    async ({ page, collector, init }) => {
      const [before, after] = await page.evaluate(async () => {
        const cart = { items: 1 };
        const before = Date.now();
        pharos.trackEvent('early', cart);
        cart.items = 99;
        pharos.identify('user-42');
        pharos.trackEvent('early_too');
        await new Promise((resolve) => setTimeout(resolve, 200));
        return [before, Date.now()];
      });
      assert.equal(await page.evaluate(() => pharos.sessionId()), null);
      assert.equal(await init(), true);
      await page.evaluate(() => pharos.flush());
      const [early, earlyToo] = collector.events;
      assert.deepEqual(early.properties, { items: 1 });
      assert.deepEqual([early.user_id, earlyToo.user_id], [undefined, 'u_0ba2824920f3c163d95df7354e6b020d']);
      assert.ok(Date.parse(early.timestamp) >= before && Date.parse(early.timestamp) <= after - 150);
    },
    { start: false },
  ));

test('calls kept are bounded, and what had no room is reported', () =>
  withPage(
    async ({ page, collector, init }) => {
      await page.evaluate(() => {
        for (let i = 0; i < 1010; i++) pharos.trackEvent('early', { i });
      });
      await init();
      await page.evaluate(() => pharos.flush());
      assert.equal(collector.events.length, 1000);
      assert.deepEqual(collector.batches[0].body.dropped, { queue_full: 10 });
    },
    { start: false },
  ));

test('nothing a page passes makes it throw, and good events pass between', () =>
  withPage(async ({ page, collector }) => {
    const thrown = await page.evaluate(async () => {
      const cyclic = {};
      cyclic.self = cyclic;
      const revoked = Proxy.revocable({}, {});
      revoked.revoke();
      const bad = [
        cyclic,
        { big: 10n },
        { get secret() { throw new Error('getter'); } }, // prettier-ignore
        { toJSON() { throw new Error('toJSON'); } }, // prettier-ignore
        { toJSON: () => undefined },
        new Proxy({}, { ownKeys() { throw new Error('ownKeys'); } }), // prettier-ignore
        revoked.proxy,
        () => {},
        Symbol('s'),
        'text',
        42,
        [1, 2],
        { text: 'x'.repeat(5_000_000) },
        { deep: { deep: { deep: { deep: { deep: {} } } } } },
        Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])),
        { nul: '\0' },
      ];
      const names = [undefined, null, 1, {}, Symbol('s'), '', 'Upper', 'a'.repeat(101), { toString() { throw 1; } }]; // prettier-ignore
      const thrown = [];
      const attempt = (...args) => {
        try {
          pharos.trackEvent(...args);
          pharos.identify(args[1]);
          pharos.identify(null);
        } catch (error) {
          thrown.push(String(error));
        }
      };
      for (const properties of bad) attempt('step', properties);
      for (const name of names) attempt(name, {});
      attempt('good', { lone: '\ud83d', date: new Date(0), nothing: undefined, nan: NaN });
      attempt('good', null);
      attempt('good');
      await pharos.flush();
      return thrown;
    });
    assert.deepEqual(thrown, []);
    assert.deepEqual(
      collector.events.map((event) => event.properties),
      [{ lone: '\ufffd', date: '1970-01-01T00:00:00.000Z', nan: null }, {}, {}],
    );
    assert.deepEqual(collector.batches[0].body.dropped, { invalid: 25 });
  }));

test('code of the page that wraps fetch may track from there', () =>
  withPage(
    async ({ page, collector }) => {
      await page.evaluate(async () => {
        pharos.trackEvent('step');
        await pharos.flush();
      });
      assert.deepEqual(new Set(collector.events.map((event) => event.event)), new Set(['step', 'fetched']));
    },
    {
      prepare: () => {
        const { fetch } = window;
        let tracked = 0;
        window.fetch = (...args) => {
          if (globalThis.pharos && tracked++ < 3) pharos.trackEvent('fetched');
          return fetch(...args);
        };
      },
    },
  ));

test('with Global Privacy Control nothing is loaded, kept or sent; the page may decide otherwise', () =>
  withPage(
    async ({ page, collector, init, context }) => {
      const asked = [];
      context.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.evaluate(() => pharos.trackEvent('early'));
      assert.equal(await init(), false);
      await page.evaluate(async () => {
        pharos.trackEvent('step');
        await pharos.flush();
        dispatchEvent(new PageTransitionEvent('pagehide'));
      });
      assert.deepEqual(asked, []);
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      assert.equal(await init({ gpc: 'ignore' }), true);
      await page.evaluate(async () => {
        pharos.trackEvent('with_consent');
        await pharos.flush();
      });
      assert.deepEqual(collector.events.map((event) => event.event), ['with_consent']); // prettier-ignore
    },
    {
      start: false,
      prepare: () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }),
    },
  ));

test('a policy without wasm-unsafe-eval is said once, and the page goes on', () =>
  withPage(
    async ({ page, collector, init, said }) => {
      await page.evaluate(() => pharos.trackEvent('early'));
      assert.equal(await init(), false);
      await page.evaluate(async () => {
        pharos.trackEvent('step');
        await pharos.flush();
        await pharos.shutdown();
      });
      assert.equal(said.filter((text) => text.startsWith('pharos: events are not sent')).length, 1);
      assert.deepEqual(collector.events, []);
    },
    { start: false, pageHeaders: { 'content-security-policy': "script-src 'self'" } },
  ));

test('wrong options are said on the console, and right ones may follow', () =>
  withPage(
    async ({ page, init, said }) => {
      const wrong = [{ key: 'sk_secret' }, { endpoint: 'ftp://x' }, { endpoint: '' }, { batchSize: 0 }, { flushIntervalMs: 1.5 }]; // prettier-ignore
      for (const options of wrong) assert.equal(await init(options), false, JSON.stringify(options));
      assert.equal(await page.evaluate(() => pharos.init()), false);
      assert.equal(said.length, 1);
      assert.match(said[0], /key must be the ingest key/);
      assert.equal(await init(), true);
    },
    { start: false },
  ));

test('debug says what became of events', () =>
  withPage(
    async ({ page, said }) => {
      await page.evaluate(async () => {
        pharos.trackEvent('Invalid-Event-Name');
        pharos.trackEvent('step', { cart: [{ note: 'x'.repeat(2049) }] });
        pharos.trackEvent('step', { email: 'ada@example.org', note: 'call +44 20 7946 0958' });
        await pharos.flush();
      });
      assert.deepEqual(said, [
        'pharos: Invalid-Event-Name not sent: invalid_event_name event',
        'pharos: step not sent: string_too_long properties.cart.0.note',
        'pharos: step queued, stripped: properties.email email, properties.note phone',
        'pharos: step 0 accepted',
      ]);
    },
    { options: { debug: true } },
  ));
