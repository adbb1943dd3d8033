// Events of a server, by the built package, to the real Pharos server: judged, stripped, delivered with a verdict.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TelemetryClient } from '../dist-server/index.js';
import { until } from '../../tests/support/wait.mjs';
import { ask, freePort, SECRET_KEY, stored, withServer } from './server-support.mjs';

const silent = { key: SECRET_KEY, drainOnExit: false, onProblem: () => {} };

test('an event is committed when its promise resolves, in both forms, as a server event', () =>
  withServer(async ({ origin }) => {
    const client = new TelemetryClient({ ...silent, endpoint: origin });
    const flat = { event: 'api_call', endpoint: '/api/products', method: 'GET', response_time: 150, status_code: 200 }; // prettier-ignore
    const { event, ...properties } = flat;
    const at = new Date(Date.now() - 3_600_000);
    const one = await client.logTelemetry(flat);
    const two = await client.logTelemetry({
      event: 'order_paid',
      timestamp: at,
      properties: { plan: 'team', email: 'ada@example.org' },
      note: 'to ada@example.org',
      userId: 'user-42',
      sessionId: 'a-visit',
    });
    assert.deepEqual([one.verdict, two.verdict], ['accepted', 'accepted']);
    const events = await stored(origin);
    const [first, second] = [one, two].map(({ id }) => events.find((stored) => stored.id === id));
    assert.deepEqual([first.event, first.properties, first.source], [event, properties, 'server']);
    assert.deepEqual([first.user_id, first.session_id, first.seq], [null, null, null]);
    assert.deepEqual(second.properties, { plan: 'team', note: 'to [email]' });
    assert.deepEqual([second.timestamp, second.session_id], [at.toISOString(), 'a-visit']);
    // The same person as in a page, which sends this hash.
    const hash = 'u_0ba2824920f3c163d95df7354e6b020d';
    assert.deepEqual((await stored(origin, `&user_id=${hash}`)).map(({ id }) => id), [two.id]); // prettier-ignore
    const again = await client.logTelemetry({ ...flat, id: one.id });
    assert.deepEqual(again, { id: one.id, verdict: 'duplicate' });
    await client.shutdown();
  }));

test('an invalid event rejects with code and field, is not sent, and costs its neighbours nothing', () =>
  withServer(async ({ origin }) => {
    const client = new TelemetryClient({ ...silent, endpoint: origin });
    const cycle = {};
    cycle.self = cycle;
    const wrong = [
      [{ event: 'Api-Call' }, 'invalid_event_name', 'event'],
      [{ event: '' }, 'invalid_event_name', 'event'],
      [{}, 'missing_field', 'event'],
      [{ event: 7 }, 'wrong_type', 'event'],
      [null, 'wrong_type', ''],
      [[], 'wrong_type', ''],
      [{ event: 'a', properties: { text: 'x'.repeat(2049) } }, 'string_too_long', 'properties.text'],
      [{ event: 'a', properties: [1] }, 'wrong_type', 'properties'],
      [{ event: 'a', properties: 'text', flat: 1 }, 'wrong_type', 'properties'],
      [{ event: 'a', properties: { b: 1 }, b: 2 }, 'duplicate_key', 'properties'],
      [{ event: 'a', cycle }, 'invalid_json', 'properties'],
      [{ event: 'a', big: 1n }, 'invalid_json', 'properties'],
      [{ event: 'a', get bad() { throw new Error('no'); } }, 'invalid_json', 'properties'], // prettier-ignore
      [{ event: 'a', timestamp: 'yesterday' }, 'invalid_timestamp', 'timestamp'],
      [{ event: 'a', timestamp: new Date(NaN) }, 'invalid_timestamp', 'timestamp'],
      [{ event: 'a', timestamp: 0 }, 'timestamp_out_of_range', 'timestamp'],
      [{ event: 'a', userId: 'u'.repeat(257) }, 'user_id_too_long', 'user_id'],
      [{ event: 'a', sessionId: 's'.repeat(101) }, 'session_id_too_long', 'session_id'],
      [{ event: 'a', id: 'one' }, 'invalid_id', 'id'],
      [{ event: 'a', consent: 'yes' }, 'wrong_type', 'consent'],
    ];
    const good = client.logTelemetry({ event: 'good', userId: 42 });
    const outcomes = await Promise.allSettled(wrong.map(([event]) => client.logTelemetry(event)));
    outcomes.forEach(({ reason }, index) => {
      const [, code, field] = wrong[index];
      assert.deepEqual([reason?.name, reason?.code, reason?.field], ['TelemetryError', code, field], `${index}: ${reason}`); // prettier-ignore
      assert.ok(reason.message.includes('expected') && !reason.retryable);
    });
    assert.equal((await good).verdict, 'accepted');
    assert.equal((await stored(origin)).length, 1);
    // The server hears of them.
    assert.equal(await client.flush(), true);
    const { dropped } = await ask(origin, '/v1/delivery');
    assert.deepEqual(dropped, [{ reason: 'invalid', count: wrong.length }]);
    await client.shutdown();
  }));

test('logTelemetrySafe never throws, whatever it is given', async () => {
  const hostile = new Proxy({}, { get: () => { throw new Error('got'); }, ownKeys: () => { throw new Error('listed'); } }); // prettier-ignore
  const problems = [];
  const onProblem = (problem) => problems.push(problem.code);
  const client = new TelemetryClient({ ...silent, endpoint: 'http://127.0.0.1:9', onProblem });
  const anything = [undefined, null, 7, 'text', () => {}, Symbol('s'), [], {}, hostile, { event: hostile }, { event: 'a', b: hostile }, { event: 'A' }]; // prettier-ignore
  for (const value of anything) {
    const { queued, code } = await client.logTelemetrySafe(value);
    assert.equal(queued, false, String(code));
  }
  assert.equal(problems.length, anything.length, 'none of them silently');
  // Nor does what the program does with it.
  const loud = new TelemetryClient({ ...silent, endpoint: 'http://127.0.0.1:9', onProblem: () => { throw new Error('loud'); } }); // prettier-ignore
  assert.equal((await loud.logTelemetrySafe({ event: 'A' })).queued, false);
  await Promise.all([client.shutdown(), loud.shutdown()]);
});

test('a server that is killed and started again gets every event once', () =>
  withServer(async ({ server, origin }) => {
    const client = new TelemetryClient({ ...silent, endpoint: origin, flushIntervalMs: 20, batchSize: 20 });
    const ids = [];
    const log = async (count) => {
      for (let i = 0; i < count; i++)
        ids.push((await client.logTelemetrySafe({ event: 'step', i: ids.length })).id);
    };
    await log(200);
    await until('some are there', async () => (await stored(origin)).length > 0);
    await log(200);
    await server.kill();
    await log(200);
    // Somebody waits meanwhile.
    const awaited = client.logTelemetry({ event: 'awaited' });
    await until('a try has failed', () => client.stats().lastError);
    await server.start();
    const { id, verdict } = await awaited;
    assert.ok(['accepted', 'duplicate'].includes(verdict));
    await until('all are delivered', () => client.stats().waiting === 0);
    const events = await stored(origin);
    assert.deepEqual(events.map((event) => event.id).sort(), [...ids, id].sort());
    assert.deepEqual(client.stats().dropped, {});
    await client.shutdown();
  }));

test('who waits for a server that is away is told in time, and may log the event again', () =>
  withServer(async ({ server, origin }) => {
    const client = new TelemetryClient({ ...silent, endpoint: origin, deliveryTimeoutMs: 300 });
    await server.kill();
    const error = await client.logTelemetry({ event: 'paid' }).then(
      () => undefined,
      (reason) => reason,
    );
    assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
    assert.match(error.message, /ECONNREFUSED|UND_ERR|ECONNRESET/);
    assert.deepEqual([client.stats().waiting, client.stats().dropped], [0, { gave_up: 1 }]);
    await server.start();
    const patient = new TelemetryClient({ ...silent, endpoint: origin });
    const { id, verdict } = await patient.logTelemetry({ event: 'paid', id: error.id });
    assert.deepEqual([id, verdict], [error.id, 'accepted']);
    await Promise.all([patient.shutdown(), client.shutdown()]);
  }));

test('a full queue refuses the newest, and the server is told how many', () =>
  withServer(async ({ server, origin }) => {
    const client = new TelemetryClient({
      ...silent,
      endpoint: origin,
      queueEvents: 10,
      flushIntervalMs: 3_600_000,
    });
    await server.kill();
    const outcomes = [];
    for (let i = 0; i < 15; i++) outcomes.push(await client.logTelemetrySafe({ event: 'step', i }));
    assert.deepEqual(outcomes.map(({ queued, code }) => (queued ? 'queued' : code)), [...Array(10).fill('queued'), ...Array(5).fill('queue_full')]); // prettier-ignore
    await assert.rejects(client.logTelemetry({ event: 'step' }), { code: 'queue_full', retryable: true });
    assert.equal(await client.flush(), false, 'nobody is there');
    await server.start();
    await until('all are delivered', () => client.flush());
    const events = await stored(origin);
    assert.deepEqual(events.map(({ properties }) => properties.i).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]); // prettier-ignore
    assert.deepEqual((await ask(origin, '/v1/delivery')).dropped, [{ reason: 'queue_full', count: 6 }]);
    await client.shutdown();
    await assert.rejects(client.logTelemetry({ event: 'late' }), { code: 'shut_down' });
  }));

test('options that will not do are named, and a client that is off sends nothing', async () => {
  const named = (options) => {
    try {
      new TelemetryClient({ ...silent, endpoint: 'https://t.example.com', ...options });
    } catch (error) {
      assert.equal(error.code, 'not_configured');
      return error.message;
    }
    return assert.fail(JSON.stringify(options));
  };
  assert.match(named({ key: 'pk_1' }), /^key .*sk_/);
  assert.match(named({ key: 'sk_a\nb' }), /^key /);
  assert.match(named({ endpoint: 'example.com' }), /^endpoint /);
  assert.match(named({ endpoint: 'https://user:word@example.com' }), /^endpoint /);
  assert.match(named({ batchSize: 501 }), /^batchSize .* 1 to 500/);
  assert.match(named({ flushIntervalMs: 0.5 }), /^flushIntervalMs /);
  assert.match(named({ pii: { kinds: { emial: 'keep' } } }), /^pii: .*kinds.emial/);
  const off = new TelemetryClient({ enabled: false });
  assert.deepEqual(await off.logTelemetry({ event: 'a' }), {
    id: '',
    verdict: 'filtered',
    reason: 'disabled',
  });
  assert.deepEqual(await off.logTelemetrySafe({ event: 'a' }), {
    queued: false,
    code: 'disabled',
    field: '',
  });
  assert.equal(await off.shutdown(), true);
});

test('an unknown key is told to who waits, and what nobody waits for is kept until it is repaired', () =>
  withServer(async ({ origin }) => {
    const problems = [];
    const onProblem = (problem) => problems.push(problem);
    const client = new TelemetryClient({
      ...silent,
      key: 'sk_unknown_0123456789',
      endpoint: origin,
      onProblem,
    });
    await client.logTelemetrySafe({ event: 'kept' });
    await assert.rejects(client.logTelemetry({ event: 'told' }), { code: 'unknown_key', retryable: false });
    assert.deepEqual([client.stats().waiting, client.stats().lastError], [1, 'status 401']);
    const { code, events, lost } = problems[0];
    assert.deepEqual([code, events, lost], ['unknown_key', 1, false]);
    await client.shutdown();
  }));

test('a port on which nobody listens holds nothing up', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const client = new TelemetryClient({ ...silent, endpoint, drainTimeoutMs: 200 });
  assert.equal((await client.logTelemetrySafe({ event: 'a' })).queued, true);
  assert.equal(await client.flush(), false);
  const began = performance.now();
  assert.equal(await client.shutdown(), false);
  assert.ok(performance.now() - began < 2000);
});
