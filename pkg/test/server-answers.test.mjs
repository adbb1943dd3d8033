// What the client does with answers that the real server gives only when it is in trouble, and what it puts on the
// wire. The other side is a small server that answers as it is told.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { TelemetryClient } from '../dist-server/index.js';
import { accept, Collector } from '../../tests/packaging/collector.mjs';
import { until } from '../../tests/support/wait.mjs';
import { SECRET_KEY, withFolder } from './server-support.mjs';

async function withCollector(options, body) {
  const collector = await Collector.start({});
  const problems = [];
  const client = new TelemetryClient({
    key: SECRET_KEY,
    endpoint: collector.origin,
    drainOnExit: false,
    drainTimeoutMs: 1000,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  try {
    await body({ client, collector, problems });
  } finally {
    await client.shutdown();
    await collector.stop();
  }
}

const NEVER = { flushIntervalMs: 3_600_000 };
const ids = (batch) => batch.events.map((event) => event.id);

test('events wait for others and leave as one compressed batch; who waits is not kept waiting', () =>
  withCollector(NEVER, async ({ client, collector }) => {
    for (let i = 0; i < 50; i++) await client.logTelemetrySafe({ event: 'step', i });
    assert.equal(collector.batches.length, 0);
    await client.logTelemetry({ event: 'awaited' });
    const [batch] = collector.batches;
    assert.deepEqual([collector.batches.length, batch.events.length, batch.gzip], [1, 51, true]);
    assert.deepEqual([batch.body.sdk.name, batch.body.key], ['pharos-telemetry/server', undefined]);
    // A complete batch waits for nobody.
    await Promise.all(Array.from({ length: 100 }, (_, i) => client.logTelemetrySafe({ event: 'step', i })));
    await collector.received(151);
    assert.equal(collector.batches.length, 2);
  }));

test('Retry-After is respected, also by flush; the events come again with their ids', () =>
  withCollector(NEVER, async ({ client, collector }) => {
    collector.reply = () => ({ status: 429, headers: { 'retry-after': '2' }, body: {} });
    const began = performance.now();
    const verdict = client.logTelemetry({ event: 'a' });
    await collector.received(1);
    await until('the answer was read', () => client.stats().lastError === 'status 429');
    assert.equal(await client.flush(), false);
    collector.reply = () => ({});
    assert.equal((await verdict).verdict, 'accepted');
    assert.ok(performance.now() - began >= 2000, `${performance.now() - began} ms`);
    assert.deepEqual(ids(collector.batches[1]), ids(collector.batches[0]));
    assert.equal(collector.batches.length, 2);
  }));

test('verdicts are told one by one; what is to be retried comes again alone', () =>
  withCollector(NEVER, async ({ client, collector, problems }) => {
    const verdicts = {
      one: { verdict: 'accepted' },
      two: { verdict: 'invalid', code: 'key_too_long', field: 'properties.x', detail: 'expected keys of at most 64 characters' },
      three: { verdict: 'filtered', reason: 'disabled' },
      four: { verdict: 'quarantined' },
      five: { verdict: 'retry' },
      six: { verdict: 'invalid', code: 'of_tomorrow', field: '' },
    }; // prettier-ignore
    collector.reply = (batch) => ({ body: { verdicts: batch.events.map(({ event }) => verdicts[event]) } });
    const waiting = ['one', 'two', 'three', 'four', 'five'].map((event) => client.logTelemetry({ event }));
    await client.logTelemetrySafe({ event: 'six' });
    const settled = await Promise.allSettled(waiting.slice(0, 4));
    const told = settled.map(
      ({ value, reason }) => value?.reason ?? value?.verdict ?? `${reason.code} ${reason.field}`,
    );
    assert.deepEqual(told, ['accepted', 'key_too_long properties.x', 'disabled', 'quarantined']);
    assert.deepEqual(problems.map(({ code, lost }) => [code, lost]), [['of_tomorrow', true]]); // prettier-ignore
    verdicts.five = { verdict: 'accepted' };
    assert.equal((await waiting[4]).verdict, 'accepted');
    assert.deepEqual(collector.batches.map((batch) => batch.events.length), [6, 1]); // prettier-ignore
    assert.deepEqual(client.stats().delivered, 4);
  }));

test('a batch that is too large comes in halves, and an answer that names no event is not believed', () =>
  withCollector(NEVER, async ({ client, collector }) => {
    let portal = true;
    collector.reply = (batch) => {
      if (batch.events.length > 3) return { status: 413, body: {} };
      return portal ? ((portal = false), { body: 'Welcome to the hotel' }) : { body: accept(batch) };
    };
    for (let i = 0; i < 10; i++) await client.logTelemetrySafe({ event: 'step', i });
    await until('all are delivered', () => client.flush());
    assert.ok(collector.batches.length > 4);
    assert.deepEqual([client.stats().delivered, client.stats().dropped], [10, {}]);
  }));

test('a batch that is refused for good is given up, told and counted', () =>
  withCollector(NEVER, async ({ client, collector, problems }) => {
    collector.reply = () => ({ status: 400, body: { code: 'invalid_envelope', title: 'No' } });
    await client.logTelemetrySafe({ event: 'one' });
    await assert.rejects(client.logTelemetry({ event: 'two' }), { code: 'invalid_envelope' });
    assert.deepEqual(problems.map(({ code, events, lost }) => [code, events, lost]), [['invalid_envelope', 1, true]]); // prettier-ignore
    assert.deepEqual([client.stats().waiting, client.stats().dropped], [0, { refused: 2 }]);
    collector.reply = () => ({});
    assert.equal((await client.logTelemetry({ event: 'three' })).verdict, 'accepted');
    assert.deepEqual(collector.batches.at(-1).body.dropped, { refused: 2 });
  }));

test('each consent travels in a batch of its own, and who denied it is not sent', () =>
  withCollector(NEVER, async ({ client, collector }) => {
    for (const [i, consent] of ['granted', undefined, 'granted', 'pending', 'denied'].entries()) {
      await client.logTelemetrySafe({ event: 'a', i, consent });
    }
    const { verdict, reason } = await client.logTelemetry({ event: 'a', i: 5, consent: 'denied' });
    assert.deepEqual([verdict, reason], ['filtered', 'consent']);
    await until('all are delivered', () => client.flush());
    const batches = collector.batches.map(({ body, events }) => [
      body.consent,
      events.map((one) => one.properties.i),
    ]);
    assert.deepEqual(batches, [['granted', [0, 2]], [undefined, [1]], ['pending', [3]]]); // prettier-ignore
    assert.deepEqual(client.stats().dropped, { consent: 2 });
  }));

test('nothing personal leaves the process: not on the wire, not to the disk', () =>
  withFolder((folder) =>
    withCollector({ ...NEVER, queueDir: folder }, async ({ client, collector }) => {
      const planted = ['ada@example.org', '+44 20 7946 0958', '4111 1111 1111 1111', 'DE89370400440532013000', 'hunter2-secret']; // prettier-ignore
      const event = {
        event: 'signed_up',
        note: `to ${planted[0]} or ${planted[1]}`,
        properties: { card: planted[2], deep: { list: [`iban ${planted[3]}`] }, password: planted[4] },
        userId: planted[0],
        sessionId: `of ${planted[0]}`,
      };
      collector.reply = () => ({ status: 503, body: {} });
      await client.logTelemetrySafe(event);
      await client.flush();
      const files = await readdir(folder);
      assert.equal(files.length, 1);
      const kept = await readFile(join(folder, files[0]), 'utf8');
      collector.reply = () => ({});
      await client.logTelemetry(event);
      const sent = JSON.stringify(collector.batches);
      assert.ok(collector.events.length >= 3);
      for (const text of [kept, sent]) {
        assert.match(text, /signed_up/);
        for (const secret of planted) assert.ok(!text.includes(secret), secret);
      }
      const { redacted } = collector.batches.at(-1).body;
      assert.ok(redacted.email >= 2 && redacted.password >= 1, JSON.stringify(redacted));
    }),
  ));

test('a project has its own rules', () =>
  withCollector(
    { pii: { keys: { crew: 'remove' }, kinds: { email: 'keep' } } },
    async ({ client, collector }) => {
      await client.logTelemetry({ event: 'a', crew: '7', mail: 'ada@example.org' });
      assert.deepEqual(collector.events[0].properties, { mail: 'ada@example.org' });
    },
  ));
