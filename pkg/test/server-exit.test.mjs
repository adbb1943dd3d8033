// What becomes of events when the process ends: by itself, by a signal, or without a chance to do anything.

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { TelemetryClient } from '../dist-server/index.js';
import { until } from '../../tests/support/wait.mjs';
import { ask, freePort, program, SECRET_KEY, stored, withFolder, withServer } from './server-support.mjs';

const sorted = (events) => events.map(({ properties }) => properties.i).sort((a, b) => a - b);
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

/** Logs so many events and waits for none. */
const LOG = (count, options = '{}') => `
  pharos.init(${options});
  for (let i = 0; i < ${count}; i++) void pharos.logTelemetrySafe({ event: 'step', i });
`;

test('a program that comes to its end sends what waits first', () =>
  withServer(async ({ server, origin }) => {
    const { ended } = await program(server.dataDir, origin, LOG(250));
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(sorted(await stored(origin)), numbers(250));
  }));

test('SIGTERM: what waits is sent, then the signal has its way', () =>
  withServer(async ({ server, origin }) => {
    const source = `${LOG(50)}\nsetInterval(() => {}, 1000);\nconsole.log('ready');`;
    const { child, printed, ended } = await program(server.dataDir, origin, source);
    await until('it runs', () => printed().includes('ready'));
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    assert.deepEqual(sorted(await stored(origin)), numbers(50));
  }));

test('a program that listens for SIGTERM itself decides when it ends', () =>
  withServer(async ({ server, origin }) => {
    const source = `${LOG(50)}
      const timer = setInterval(() => {}, 1000);
      process.on('SIGTERM', async () => {
        console.log(await pharos.shutdown());
        clearInterval(timer);
      });
      console.log('ready');`;
    const { child, printed, ended } = await program(server.dataDir, origin, source);
    await until('it runs', () => printed().includes('ready'));
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    assert.match(printed(), /true/);
    assert.deepEqual(sorted(await stored(origin)), numbers(50));
  }));

test('without anybody to send to, a program ends all the same, and says what it lost', () =>
  withFolder(async (folder) => {
    const origin = `http://127.0.0.1:${await freePort()}`;
    const { printed, ended } = await program(folder, origin, LOG(7, '{ drainTimeoutMs: 1500 }'));
    assert.deepEqual(await ended, [0, null]);
    assert.match(printed(), /7 events could not be sent before the end \(ECONNREFUSED\)/);
  }));

test('events in a folder outlive a killed process, whole and once', () =>
  withServer(async ({ server, origin }) => {
    await server.kill();
    await withFolder(async (queueDir) => {
      const source = `
        pharos.init({ queueDir: ${JSON.stringify(queueDir)}, flushIntervalMs: 0, onProblem: () => {} });
        for (let i = 0; i < 300; i++) await pharos.logTelemetrySafe({ event: 'step', i, mail: 'ada@example.org' });
        console.log('written');
        setInterval(() => {}, 1000);`;
      const { child, printed, ended } = await program(server.dataDir, origin, source);
      await until('it has written', () => printed().includes('written'));
      child.kill('SIGKILL');
      await ended;
      // What a power cut, another program, or somebody with bad intentions may leave there.
      const [file] = await readdir(queueDir);
      const junk = `not JSON\n{"event":{"event":"Bad-Name"}}\n{"event":null}\n{"dropped":{"queue_full":3,"Bad Name":1}}\n{"half`;
      await writeFile(join(queueDir, file.replace(/-\d+\.ndjson$/, '-99.ndjson')), junk);
      await writeFile(join(queueDir, 'README'), 'not ours');

      await server.start();
      const options = { endpoint: origin, key: SECRET_KEY, queueDir, drainOnExit: false, flushIntervalMs: 0 };
      const clients = [1, 2].map(() => new TelemetryClient({ ...options, onProblem: () => {} }));
      await until('all are delivered', async () => (await stored(origin)).length === 300);
      await until('the folder is empty', async () => (await readdir(queueDir)).join() === 'README');
      await Promise.all(clients.map((client) => client.shutdown()));
      const events = await stored(origin);
      assert.deepEqual(sorted(events), numbers(300));
      assert.equal(events[0].properties.mail, undefined);
      const { dropped } = await ask(origin, '/v1/delivery');
      assert.deepEqual(dropped, [{ reason: 'queue_full', count: 3 }, { reason: 'unreadable', count: 3 }]); // prettier-ignore
    });
  }));

test('what one process could not send before its end, the next one does, losses included', () =>
  withServer(async ({ server, origin }) => {
    await server.kill();
    await withFolder(async (queueDir) => {
      const folder = JSON.stringify(queueDir);
      const options = `{ queueDir: ${folder}, queueEvents: 5, drainTimeoutMs: 100, onProblem: () => {} }`;
      assert.deepEqual(await (await program(server.dataDir, origin, LOG(8, options))).ended, [0, null]);
      assert.equal((await readdir(queueDir)).length, 1);
      await server.start();
      const source = `
        pharos.init({ queueDir: ${folder}, flushIntervalMs: 0 });
        const timer = setInterval(() => pharos.stats().delivered === 5 && clearInterval(timer), 20);`;
      assert.deepEqual(await (await program(server.dataDir, origin, source)).ended, [0, null]);
      assert.deepEqual(sorted(await stored(origin)), numbers(5));
      assert.deepEqual((await ask(origin, '/v1/delivery')).dropped, [{ reason: 'queue_full', count: 3 }]);
      assert.deepEqual(await readdir(queueDir), []);
    });
  }));
