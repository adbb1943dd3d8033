// What the tests of the server's client share: a real Pharos server on an address that stays, programs that run in a
// process of their own, and folders that go.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { SECRET_KEY, Server } from '../../tests/support/server.mjs';

export { SECRET_KEY };

/** What is published as `pharos-telemetry/server`. */
export const CLIENT = fileURLToPath(new URL('../dist-server/index.js', import.meta.url));

/** A port that was free a moment ago, for a server that is to come back to it. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Runs `body` with a folder of its own, then deletes it. */
export async function withFolder(body) {
  const folder = await mkdtemp(join(tmpdir(), 'pharos-node-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `body` with a real server, which may be killed and started again where it was. */
export const withServer = (body) =>
  withFolder(async (folder) => {
    const port = await freePort();
    const server = new Server(folder, { env: { TELEMETRY_LISTEN: `127.0.0.1:${port}` } });
    const origin = `http://127.0.0.1:${port}`;
    try {
      await server.start();
      await body({ server, origin });
    } finally {
      await server.dispose();
    }
  });

/** What a server answers to a question. */
export async function ask(origin, path) {
  const response = await fetch(origin + path, { headers: { authorization: `Bearer ${SECRET_KEY}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** The events stored, at most 1,000. */
export const stored = async (origin, query = '') =>
  (await ask(origin, `/v1/events?limit=1000${query}`)).events;

/**
 * A program in a process of its own. `source` has the client's functions and `origin`.
 * @returns {Promise<{ child: import('node:child_process').ChildProcess, printed: () => string, ended: Promise<[number | null, string | null]> }>}
 */
export async function program(folder, origin, source) {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`);
  const client = JSON.stringify(pathToFileURL(CLIENT).href);
  await writeFile(
    file,
    `import * as pharos from ${client};\nconst origin = ${JSON.stringify(origin)};\n${source}\n`,
  );
  const env = { PATH: process.env.PATH, TELEMETRY_ENDPOINT: origin, TELEMETRY_SECRET_KEY: SECRET_KEY };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  child.stderr.on('data', (chunk) => (printed += chunk));
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])));
  return { child, printed: () => printed, ended };
}
