// @ts-check
// The page and the server may not disagree on an event: the `check` of the wasm that servers load (the page's code and
// this beside it) and the native binary's `pharos check` must say the same of the same line, byte for byte.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

// @ts-ignore built by `make sdk`
import { check, initSync } from '../../pkg/wasm-full/pharos_full.js';
import { BINARY } from '../support/server.mjs';
import { eventLines } from './lines.mjs';

/** Of each set of rules; some lines are left out again (lines.mjs). */
const LINES = 56_000;
const RULES = JSON.stringify({
  kinds: { email: 'hash', phone: 'mask', card: 'remove', coordinates: 'strip', ip: 'keep' },
  keys: { plan: 'remove', note: 'hash', address: 'keep', ключ: 'mask' },
  allow: ['items', 'tel'],
  patterns: ['EMP-####', '??##**'],
});

initSync({ module: readFileSync(new URL('../../pkg/wasm-full/pharos_full_bg.wasm', import.meta.url)) });

/** @param {string[]} lines @param {string | undefined} rules @returns {Promise<string[]>} */
async function native(lines, rules) {
  const child = spawn(BINARY, ['check', ...(rules ? ['--rules', rules] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks = /** @type {Buffer[]} */ ([]);
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  assert.equal(code, 0);
  return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
}

/** How often each outcome, and each kind of personal data, was told of the same lines by both. */
async function compare(/** @type {number} */ seed, /** @type {string | undefined} */ rules) {
  const nowMs = Date.now();
  const lines = eventLines(seed, LINES, nowMs);
  const expected = await native(lines, rules);
  assert.equal(expected.length, lines.length);
  assert.ok(lines.length >= 50_000, `${lines.length} lines`);

  /** @type {Record<string, number>} */
  const seen = {};
  lines.forEach((line, index) => {
    const said = check(line, nowMs, rules) ?? '';
    // Only what differs is worth a message of its own.
    if (said !== expected[index]) assert.equal(said, expected[index], `line ${index}: ${line}`);
    const { verdict, code, redactions = [] } = JSON.parse(said);
    for (const what of [code ?? verdict, ...redactions.map((/** @type {any} */ r) => r.kind)]) seen[what] = (seen[what] ?? 0) + 1; // prettier-ignore
  });
  return seen;
}

// Agreement on lines that are all alike would say little.
const KINDS = ['email', 'phone', 'name', 'address', 'card', 'iban', 'national_id', 'birth_date', 'ip', 'mac', 'password', 'token', 'private_key']; // prettier-ignore

test('wasm and native say the same of every line', async () => {
  const seen = await compare(20261123, undefined);
  for (const what of ['accepted', ...KINDS])
    assert.ok((seen[what] ?? 0) > 100, `${what}: ${JSON.stringify(seen)}`);
  assert.ok(Object.keys(seen).length >= KINDS.length + 12, JSON.stringify(seen));
});

test('and by rules of a project', async () => {
  const seen = await compare(20261124, RULES);
  for (const what of ['custom', 'coordinates', 'email'])
    assert.ok((seen[what] ?? 0) > 100, `${what}: ${JSON.stringify(seen)}`);
  assert.equal(seen.ip, undefined);
});
