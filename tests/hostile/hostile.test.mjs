// @ts-check
// The real server and senders that mean harm, or a database that stands still: each gets a clear status or a closed
// connection, memory stays flat, and honest senders beside them notice nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakRssMb } from '../bench/machine.mjs';
import { Cluster } from '../support/cluster.mjs';
import { post } from '../support/post.mjs';
import { Server } from '../support/server.mjs';
import { until } from '../support/wait.mjs';
import { Proxy } from '../oracle/proxy.mjs';
import { postgresCount } from '../oracle/table.mjs';
import { HOSTILE, batch, honest, manyProperties } from './requests.mjs';

/** Of the whole process, at any moment. */
const RSS_MOST_MB = 150;
const SENDERS = 1_000;
const IDLE = 2_000;

/**
 * @param {Server} server
 * @param {import('./requests.mjs').Hostile} hostile
 * @returns {Promise<string>} All that the server said until one of them closed.
 */
async function attack(server, { pieces, every_ms = 0 }) {
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let said = '';
  socket.on('data', (chunk) => (said += chunk));
  // Cut off while still sending, as it should be.
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const piece of pieces()) {
    if (socket.destroyed || socket.writableEnded) break;
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
    if (every_ms) await Promise.race([sleep(every_ms), closed]);
  }
  // One request, so after an answer nothing more is to come.
  await until('an answer or a closed connection', () => socket.destroyed || /\r\n\r\n/.test(said), {
    withinMs: 30_000,
  });
  await Promise.race([closed, sleep(200)]);
  socket.destroy();
  return said;
}

test('hostile requests are answered or cut off, in little memory, and harm no neighbour', async (t) => {
  const server = await Server.start({
    env: { TELEMETRY_LOG: 'warn', TELEMETRY_HEADER_TIMEOUT: '3000', TELEMETRY_BODY_TIMEOUT: '4000' },
  });
  try {
    const { pid } = server;
    /** @type {import('node:net').Socket[]} */
    const idle = [];
    for (let count = 0; count < IDLE; count++) {
      const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
      socket.on('error', () => {});
      idle.push(socket);
      if (count % 100 === 99) await once(socket, 'connect');
    }

    let busy = true;
    /** @type {number[]} */
    const neighbour = [];
    const honestSender = (async () => {
      while (busy) {
        const { status, json } = await post(server.origin + '/v1/events', batch(honest()));
        neighbour.push(json.accepted === 1 ? status : -1);
        await sleep(10);
      }
    })();

    const answers = await Promise.all(
      HOSTILE.map(async (hostile) => ({ ...hostile, said: await attack(server, hostile) })),
    );
    for (const { name, said, statuses, code } of answers) {
      if (said === '') continue;
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1]);
      assert.ok(statuses.includes(status), `${name}: ${said.slice(0, 300)}`);
      if (code) assert.match(said, new RegExp(`"code":"${code}"`), name);
    }

    const beside = await post(server.origin + '/v1/events', batch(manyProperties(10_000), honest()));
    const verdicts = beside.json.verdicts.map((/** @type {{ verdict: string }} */ { verdict }) => verdict);
    assert.deepEqual(verdicts, ['invalid', 'accepted'], 'an event with 10,000 properties costs only itself');

    busy = false;
    await honestSender;
    for (const socket of idle) socket.destroy();
    assert.ok(neighbour.length > 100, `only ${neighbour.length} honest requests`);
    assert.deepEqual(new Set(neighbour), new Set([200]));
    const peak = peakRssMb(server.pid ?? 0);
    t.diagnostic(`memory at most ${peak.toFixed(0)} MB`);
    assert.ok(peak < RSS_MOST_MB, `${peak} MB`);
    assert.equal(server.pid, pid);
    assert.doesNotMatch(server.output, /panicked/);
    await server.stop();
  } finally {
    await server.dispose();
  }
});

test('1,000 senders and a database that stands still: little memory, and what was acknowledged is there', async (t) => {
  const cluster = await Cluster.start();
  const proxy = await Proxy.start(cluster.port);
  const server = await Server.start({
    databaseUrl: `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
    // A small spool, so that it is full soon, and empty soon.
    env: { TELEMETRY_LOG: 'error', TELEMETRY_STORE_TIMEOUT: '2000', TELEMETRY_SPOOL_BYTES: '16777216' },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  try {
    let stalled = true;
    const counts = { acknowledged: 0, refused: 0 };
    const sender = async () => {
      while (stalled) {
        const events = Array.from({ length: 100 }, () => honest({ path: '/'.padEnd(120, 'a') }));
        const { status, retryAfterMs, json } = await post(server.origin + '/v1/events', batch(...events), {
          agent,
        });
        if (status === 200) {
          counts.acknowledged += json.accepted;
          continue;
        }
        assert.equal(status, 503, json.detail);
        assert.ok(retryAfterMs > 0, 'it says when to come back');
        counts.refused += 1;
        await sleep(500);
      }
    };
    proxy.stall('both');
    const senders = Array.from({ length: SENDERS }, sender);
    await until('the spool to take over', () => counts.acknowledged > 0, { withinMs: 60_000 });
    await until('memory and spool to be full', () => counts.refused > 5 * SENDERS, { withinMs: 60_000 });
    const peak = peakRssMb(server.pid ?? 0);
    t.diagnostic(`memory at most ${peak.toFixed(0)} MB`);
    assert.ok(peak < RSS_MOST_MB, `${peak} MB`);
    stalled = false;
    proxy.flow();
    await Promise.all(senders);
    await until(
      'all that was acknowledged to be in the table',
      async () => (await postgresCount(cluster.url())) >= counts.acknowledged,
      { withinMs: 60_000, everyMs: 500 },
    );
    await server.stop();
  } finally {
    agent.destroy();
    await server.dispose();
    await proxy.stop();
    await cluster.remove();
  }
});
