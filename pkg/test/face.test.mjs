// The face in a real page: calls before the wasm is there, hostile values, privacy, and what goes wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../../tests/support/wait.mjs';
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
      assert.match(said[0], /key: expected the ingest key, pk_/);
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

test('debug says why an event was not taken at all', () =>
  withPage(
    async ({ page, said }) => {
      await page.evaluate(async () => {
        pharos.trackEvent('step', { big: 10n });
        pharos.trackEvent(42);
        pharos.trackEvent('two\nlines');
        pharos.trackEvent('left_out');
        await pharos.flush();
        pharos.setConsent('denied');
        pharos.trackEvent('step');
      });
      await until('the last', () => said.length === 5);
      assert.deepEqual(said.toSorted(), [
        'pharos: an event named by number not sent: its name must be a string, its properties an object that JSON can hold',
        'pharos: left_out not sent: left out by sample',
        'pharos: step not sent: its name must be a string, its properties an object that JSON can hold',
        'pharos: step not sent: the visitor did not consent',
        'pharos: two\nlines not sent: invalid_event_name event',
      ]);
    },
    { options: { debug: true, sample: { left_out: 0 }, flushIntervalMs: 3_600_000 } },
  ));

/** The storage's names that are ours. */
const names = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith('pharos')));

test('until the visitor agrees, events are held in memory; then they are sent, with one id for visits to come', () =>
  withPage(
    async ({ page, collector, open }) => {
      await page.evaluate(async () => {
        pharos.trackEvent('held');
        await pharos.flush();
        dispatchEvent(new PageTransitionEvent('pagehide'));
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      });
      assert.deepEqual([await names(page), collector.events], [[], []]);
      await page.evaluate(async () => {
        pharos.setConsent('granted');
        pharos.trackEvent('agreed');
        await pharos.flush();
      });
      const [held, agreed] = collector.events;
      assert.deepEqual([held.event, agreed.event], ['held', 'agreed']);
      assert.equal(collector.batches[0].body.consent, 'granted');
      assert.match(agreed.user_id, /^u_[0-9a-f]{32}$/);
      const next = await open('/other', { consent: 'granted' });
      await next.evaluate(() => (pharos.trackEvent('again'), pharos.flush()));
      assert.equal(collector.events.at(-1).user_id, agreed.user_id);
    },
    { options: { consent: 'pending', flushIntervalMs: 10 } },
  ));

test('a visitor who declines leaves nothing behind, and may change their mind', () =>
  withPage(
    async ({ page, collector }) => {
      collector.reply = () => ({ status: 503 });
      await page.evaluate(async () => {
        pharos.trackEvent('before');
        await pharos.flush();
        pharos.setConsent('denied');
        pharos.trackEvent('after');
        await pharos.flush();
      });
      assert.deepEqual(await names(page), []);
      collector.reply = () => ({});
      const tried = collector.batches.length;
      await page.evaluate(async () => {
        pharos.setConsent('granted');
        await pharos.init({ key: 'pk_test', endpoint: '/' });
        pharos.trackEvent('later');
        await pharos.flush();
      });
      const sent = collector.batches.slice(tried);
      assert.deepEqual(sent.flatMap((batch) => batch.events.map((event) => event.event)), ['later']); // prettier-ignore
      assert.deepEqual(sent[0].body.dropped, { consent: 1 });
    },
    { options: { consent: 'granted', flushIntervalMs: 3_600_000 } },
  ));

test('with Global Privacy Control, anonymous means: no user, nothing kept', () =>
  withPage(
    async ({ page, collector }) => {
      await page.evaluate(async () => {
        pharos.identify('user-42');
        pharos.trackEvent('step');
      });
      assert.deepEqual(await names(page), []);
      await page.evaluate(() => pharos.flush());
      const [{ body, events }] = collector.batches;
      assert.deepEqual([body.gpc, body.context.gpc, events[0].user_id], ['anonymous', true, undefined]);
    },
    {
      options: { gpc: 'anonymous', consent: 'granted', flushIntervalMs: 3_600_000 },
      prepare: () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }),
    },
  ));

test('rules of the site decide what is stripped; wrong ones are said and change nothing', async () => {
  const sent = async (pii) => {
    let out;
    await withPage(
      async ({ page, collector, said }) => {
        await page.evaluate(() => {
          pharos.trackEvent('step', { note: 'to ada@example.org', crew_code: 'x7' });
          return pharos.flush();
        });
        out = [collector.events[0].properties, said.filter((text) => text.includes('pii'))];
      },
      { options: { pii, flushIntervalMs: 3_600_000 } },
    );
    return out;
  };
  assert.deepEqual(await sent({ kinds: { email: 'keep' }, keys: { crew_code: 'remove' } }), [{ note: 'to ada@example.org' }, []]); // prettier-ignore
  const [properties, said] = await sent({ kinds: { emial: 'keep' } });
  assert.deepEqual(properties, { note: 'to [email]', crew_code: 'x7' });
  assert.match(said.join(), /pii: kinds\.emial: expected the name of a kind/);
});

test('sample and beforeSend leave events out, and both are counted', () =>
  withPage(
    async ({ page, collector }) => {
      await page.evaluate(async () => {
        for (let i = 0; i < 5; i++) pharos.trackEvent('rare');
        pharos.trackEvent('secret');
        pharos.trackEvent('broken');
        pharos.trackEvent('step', { n: 1 });
        await pharos.flush();
      });
      assert.deepEqual(
        collector.events.map(({ event, properties }) => [event, properties]),
        [['step', { n: 2, note: '[email]' }]],
      );
      assert.deepEqual(collector.batches[0].body.dropped, { sampled: 5, before_send: 2 });
    },
    {
      prepare: () => {
        globalThis.hooks = {
          sample: { rare: 0 },
          flushIntervalMs: 3_600_000,
          beforeSend: ({ event, properties }) => {
            if (event === 'broken') throw new Error('of the page');
            return event === 'secret'
              ? null
              : { properties: { n: properties.n + 1, note: 'ada@example.org' } };
          },
        };
      },
    },
  ));

test('page, time, setContext and reset', () =>
  withPage(
    async ({ page, collector }) => {
      const [before, after] = await page.evaluate(async () => {
        const before = pharos.sessionId();
        pharos.setContext({ plan: 'pro', n: 1 });
        pharos.page();
        const done = pharos.time('search_done');
        await new Promise((resolve) => setTimeout(resolve, 30));
        done({ n: 2 });
        pharos.identify('user-42');
        pharos.trackEvent('step');
        pharos.reset();
        pharos.trackEvent('step');
        await pharos.flush();
        return [before, pharos.sessionId()];
      });
      const [view, search, mine, nobodys] = collector.events;
      assert.deepEqual([view.event, view.properties], ['page_view', { plan: 'pro', n: 1, path: '/page' }]);
      assert.equal(search.properties.n, 2);
      assert.ok(search.properties.duration_ms >= 29, `${search.properties.duration_ms} ms`);
      assert.deepEqual([mine.session_id, mine.user_id?.length], [before, 34]);
      assert.deepEqual([nobodys.session_id, nobodys.seq, nobodys.user_id, nobodys.properties], [after, 0, undefined, {}]); // prettier-ignore
      assert.notEqual(before, after);
    },
    { options: { flushIntervalMs: 3_600_000 } },
  ));
