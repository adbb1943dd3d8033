// @ts-check
// The load generator: compiles it at first use, writes the file of requests it sends, runs it.

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bodies } from './events.mjs';

const SOURCE = fileURLToPath(new URL('loadgen.rs', import.meta.url));
const OUT = fileURLToPath(new URL('../.out/', import.meta.url));
/** Enough that events differ; ids always do. */
const EVENTS_IN_FILE = 20_000;

/**
 * @typedef {{ wall_s: number, accepted: number, p50_ms: number, p99_ms: number, max_ms: number,
 *   statuses: Record<string, number> }} Load
 */

/** Compiles it if it is missing or older than its source. @returns {string} The program. */
export function loadgen() {
  const program = join(OUT, 'loadgen');
  const time = (/** @type {string} */ file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (time(program) < time(SOURCE)) {
    mkdirSync(OUT, { recursive: true });
    execFileSync('rustc', ['--edition', '2024', '-O', '-o', program, SOURCE], { stdio: 'inherit' });
  }
  return program;
}

/**
 * Writes the requests of one batch size for a server's address.
 * @param {string} file
 * @param {{ host: string, key: string, batch: number }} of
 */
export async function writeRequests(file, { host, key, batch }) {
  const pieces = bodies(key, batch, Math.max(1, Math.floor(EVENTS_IN_FILE / batch))).flatMap((text) => {
    const body = Buffer.from(text);
    const head = Buffer.from(
      `POST /v1/events HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
        'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        `Chrome/130.0.0.0 Safari/537.36\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length + body.length);
    return [length, head, body];
  });
  await writeFile(file, Buffer.concat(pieces));
}

/**
 * @param {string} program
 * @param {{ file: string, address: string, connections: number, seconds: number, requests?: number }} how
 * @returns {Promise<Load>}
 */
export async function runLoad(program, { file, address, connections, seconds, requests }) {
  const args = ['--file', file, '--address', address, '--connections', connections, '--seconds', seconds];
  if (requests !== undefined) args.push('--requests', requests);
  const { stdout } = await promisify(execFile)(program, args.map(String));
  return JSON.parse(stdout);
}
