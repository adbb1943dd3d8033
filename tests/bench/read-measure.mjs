// @ts-check
// Asks a running server while events are written to it, and the database beside it.

import { execFile } from 'node:child_process';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { INGEST_KEY, SECRET_KEY } from '../support/server.mjs';
import { cpuSeconds } from './machine.mjs';
import { QUESTIONS } from './read-questions.mjs';
import { query } from './target.mjs';

const READERS = 8;
const EVENTS_PER_S = 2_000;
const WARM_UP_MS = 4_000;
/** Questions that read events are asked by one reader, so many times. */
const HEAVY_TIMES = 12;
const SQL_TIMES = 3;
/** Plain SQL that takes longer is ended: the funnel on SQLite would go on for hours. */
const SQL_MOST_MS = 60_000;
const SETTLED_SHARE = 0.1;
const SETTLE_STEP_MS = 3_000;
const SETTLE_MOST_MS = 900_000;

/**
 * @typedef {{ name: string, p50_ms: number, p95_ms: number, asked: number, sql_ms: number | null }} Answered
 * @typedef {{ events: number, answered: Answered[], written_per_s: number, failed: number }} Measured
 */

/**
 * @param {import('../support/server.mjs').Server} server
 * @param {{ url: string, file: string, pids: number[], seconds: number, sql: boolean }} how
 * @returns {Promise<Omit<Measured, 'events'>>}
 */
export async function measureReads(server, { url, file, pids, seconds, sql }) {
  await settle(pids);
  const worker = new Worker(new URL('read-writer.mjs', import.meta.url), {
    workerData: { origin: server.origin, key: INGEST_KEY, events_per_s: EVENTS_PER_S },
  });
  /** @type {Map<string, number[]>} */
  const times = new Map(QUESTIONS.map(({ name }) => [name, []]));
  const quick = QUESTIONS.filter(({ from }) => from === 'rollups');
  const heavy = QUESTIONS.filter(({ from }) => from === 'events');
  const agent = new Agent({ keepAlive: true, maxSockets: READERS });
  /** @param {import('./read-questions.mjs').Question} question @param {boolean} counts */
  const ask = async (question, counts) => {
    const path = question.path(new Date());
    const began = performance.now();
    await read(agent, server.origin + path);
    if (counts) times.get(question.name)?.push(performance.now() - began);
  };
  /** @type {Map<string, number>} */
  const plain = new Map();
  try {
    const warmUntil = performance.now() + WARM_UP_MS;
    const until = warmUntil + seconds * 1000;
    await Promise.all(
      Array.from({ length: READERS }, async (_, reader) => {
        for (let n = reader; performance.now() < until; n++) {
          const question = quick[n % quick.length];
          if (question) await ask(question, performance.now() >= warmUntil);
        }
      }),
    );
    for (const question of heavy) {
      for (let n = 0; n < HEAVY_TIMES; n++) await ask(question, n > 0);
    }
    if (sql) {
      for (const question of QUESTIONS) plain.set(question.name, await measureSql(question, { url, file }));
    }
  } finally {
    worker.postMessage('stop');
    agent.destroy();
  }
  const written = await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  const answered = QUESTIONS.map(({ name }) => {
    const sorted = (times.get(name) ?? []).sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => sorted[Math.floor(sorted.length * share)] ?? NaN;
    return { name, p50_ms: at(0.5), p95_ms: at(0.95), asked: sorted.length, sql_ms: plain.get(name) ?? null };
  });
  return { answered, written_per_s: written.accepted / written.seconds, failed: written.failed };
}

/** @param {Agent} agent @param {string} address */
function read(agent, address) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${SECRET_KEY}` };
    get(address, { agent, headers }, (response) => {
      response.once('error', reject);
      if (response.statusCode !== 200) reject(new Error(`${address}: ${response.statusCode}`));
      response.resume();
      response.once('end', resolve);
    }).once('error', reject);
  });
}

/**
 * The median time of a question's statements together; infinite if one took longer than is waited for.
 * @param {import('./read-questions.mjs').Question} question
 * @param {{ url: string, file: string }} where
 */
async function measureSql(question, { url, file }) {
  const dialect = url ? 'postgres' : 'sqlite';
  const took = [];
  for (let n = 0; n < SQL_TIMES; n++) {
    const statements = question.sql(new Date(), dialect);
    const began = performance.now();
    for (const sql of statements) {
      try {
        if (url) await query(url, `SET statement_timeout = ${SQL_MOST_MS}; ${sql}`);
        else {
          const options = { maxBuffer: 1 << 26, timeout: SQL_MOST_MS };
          await promisify(execFile)('sqlite3', ['-readonly', file, sql], options);
        }
      } catch (error) {
        if (performance.now() - began < SQL_MOST_MS) throw error;
        return Infinity;
      }
    }
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[Math.floor(SQL_TIMES / 2)] ?? NaN;
}

/** Waits until the tasks that follow a start have little left to do. @param {number[]} pids */
async function settle(pids) {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const began = performance.now();
  let quiet = 0;
  while (quiet < 2) {
    const before = used();
    await sleep(SETTLE_STEP_MS);
    quiet = (used() - before) * 1000 < SETTLE_STEP_MS * SETTLED_SHARE ? quiet + 1 : 0;
    if (performance.now() - began > SETTLE_MOST_MS) throw new Error('the server does not come to rest');
  }
}

/** @param {string} dataDir */
export const sqliteFile = (dataDir) => join(dataDir, 'pharos.db');
