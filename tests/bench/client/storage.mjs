// @ts-nocheck Half of it runs in pages, by name.
// What keeping an event costs, and what is left of it when the browser is killed: localStorage against IndexedDB.
// The table behind docs/decisions/0006. Usage: node tests/bench/client/storage.mjs

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { until } from '../../support/wait.mjs';

const WRITES = 500;
const EXECUTABLE = process.env.PHAROS_CHROMIUM ?? '/usr/bin/chromium';

const NAMES = { local: 'localStorage', indexed: 'IndexedDB' };
/** Runs in the page: writes, and says what a write took of the page's time. `text` is what one task tracks. */
const WAYS = {
  async local([count, text]) {
    const from = performance.now();
    for (let i = 0; i < count; i++) localStorage.setItem(`q.${i}`, text);
    return ((performance.now() - from) / count) * 1000;
  },
  async indexed([count, text]) {
    const opening = indexedDB.open('q', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('q');
    const database = await new Promise((resolve) => (opening.onsuccess = () => resolve(opening.result)));
    let spent = 0;
    let done = 0;
    for (let i = 0; i < count; i++) {
      const from = performance.now();
      const writing = database.transaction('q', 'readwrite', { durability: 'relaxed' });
      writing.objectStore('q').put(text, i);
      writing.oncomplete = () => done++;
      spent += performance.now() - from;
    }
    // Spent in the calls alone; the events that tell of the end come on top.
    await new Promise((resolve) => {
      const look = () => (done === count ? resolve() : setTimeout(look, 1));
      look();
    });
    return (spent / count) * 1000;
  },
};

const COUNTS = {
  local: () => Object.keys(localStorage).length,
  indexed: () =>
    new Promise((resolve) => {
      const opening = indexedDB.open('q', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('q');
      opening.onsuccess = () => {
        const counting = opening.result.transaction('q').objectStore('q').count();
        counting.onsuccess = () => resolve(counting.result);
      };
    }),
};

/** A browser that can be killed as the system would: all at once. */
async function start(profile) {
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(EXECUTABLE, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const address = await until('Chromium to listen', () => /ws:\/\/\S+/.exec(said)?.[0], { withinMs: 20_000 });
  const browser = await chromium.connectOverCDP(address);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const kill = () => (process.kill(-child.pid, 'SIGKILL'), ended);
  return { context: browser.contexts()[0], kill };
}

const server = createServer((_, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Page</title>'),
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

console.log('| | us a write | left after kill -9 of the browser, at once | 1 s later | 6 s later |');
console.log('|---|---|---|---|---|');
for (const way of Object.keys(WAYS)) {
  const left = [];
  const costs = [];
  for (const waitMs of [0, 1000, 6000]) {
    const profile = await mkdtemp(join(tmpdir(), 'pharos-storage-'));
    const first = await start(profile);
    const page = await first.context.newPage();
    await page.goto(origin);
    costs.push(await page.evaluate(WAYS[way], [WRITES, 'x'.repeat(2500)]));
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await first.kill();
    const second = await start(profile);
    const again = await second.context.newPage();
    await again.goto(origin);
    left.push(`${await again.evaluate(COUNTS[way])} of ${WRITES}`);
    await second.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  const median = costs.toSorted((a, b) => a - b)[1];
  console.log(`| ${NAMES[way]} | ${median.toFixed(1)} | ${left.join(' | ')} |`);
}
server.close();
process.exit(0);
