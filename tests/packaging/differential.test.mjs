// @ts-check
// The page and the server may not disagree on an event: the wasm build's `check` and the native binary's
// `pharos check` must say the same of the same line, byte for byte.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY } from '../support/server.mjs';
import { eventLines } from './lines.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LINES = 8000;

/** @type {string} */
let folder;
/** @type {(line: string, receivedAtMs: number) => string} */
let check;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pharos-full-'));
  const options = [
    '--profile',
    'sdk',
    '--target',
    'nodejs',
    '--mode',
    'no-install',
    '--no-opt',
    '--out-dir',
    folder,
  ];
  const { status, stderr } = spawnSync(
    'wasm-pack',
    ['build', 'sdk-wasm', ...options, '--', '--features', 'full,page'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  ({ check } = createRequire(import.meta.url)(join(folder, 'pharos_sdk_wasm.js')));
});
after(() => rm(folder, { recursive: true, force: true }));

/** @param {string[]} lines @returns {Promise<string[]>} */
async function native(lines) {
  const child = spawn(BINARY, ['check'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks = /** @type {Buffer[]} */ ([]);
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  assert.equal(code, 0);
  return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
}

test('wasm and native say the same of every line', async () => {
  const nowMs = Date.now();
  const lines = eventLines(20261123, LINES, nowMs);
  const expected = await native(lines);
  assert.equal(expected.length, lines.length);

  /** @type {Record<string, number>} */
  const seen = {};
  lines.forEach((line, index) => {
    const said = check(line, nowMs);
    assert.equal(said, expected[index], `line ${index}: ${line}`);
    const { verdict, code, redactions = [] } = JSON.parse(said);
    for (const what of [code ?? verdict, ...redactions.map((/** @type {any} */ r) => r.kind)]) seen[what] = (seen[what] ?? 0) + 1; // prettier-ignore
  });
  // Agreement on lines that are all alike would say little.
  assert.ok(lines.length >= 5000);
  const { accepted = 0, email = 0, phone = 0, card = 0, address = 0, ...codes } = seen;
  assert.ok(Math.min(accepted, email, phone, card, address) > 100, JSON.stringify(seen));
  assert.ok(Object.keys(codes).length >= 15, JSON.stringify(seen));
});
