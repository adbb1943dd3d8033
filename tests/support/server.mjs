// @ts-check
// The real release binary, as an operator would start it: found keys, printed addresses, stopped by signals.
// Everything it says is kept, to be searched for what must not be there.

import { spawn, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './wait.mjs';

export const BINARY =
  process.env.PHAROS_BIN ?? fileURLToPath(new URL('../../target/release/pharos', import.meta.url));

/** Keys that every server here is started with, so that they are known before it prints anything. */
export const INGEST_KEY = 'pk_end_to_end_0123456789abcdef';
export const SECRET_KEY = 'sk_end_to_end_0123456789abcdef0123456789';

const START_MS = 20_000;
const STOP_MS = 25_000;

/**
 * A data directory and the servers that lived on it, one after another.
 * @typedef {object} ServerOptions
 * @property {string | undefined} [databaseUrl] None: an SQLite file in the data directory.
 * @property {Record<string, string>} [env] Further settings.
 */
export class Server {
  /** Where it listens at the moment, `http://127.0.0.1:PORT`. */
  origin = '';
  /** All that was ever printed, by every process on this data directory. */
  output = '';
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;
  #env;

  /**
   * @param {string} dataDir
   * @param {ServerOptions} options
   */
  constructor(dataDir, { databaseUrl, env = {} }) {
    this.dataDir = dataDir;
    this.#env = {
      PATH: process.env.PATH,
      TELEMETRY_LISTEN: '127.0.0.1:0',
      TELEMETRY_DATA_DIR: dataDir,
      TELEMETRY_INGEST_KEY: INGEST_KEY,
      TELEMETRY_SECRET_KEY: SECRET_KEY,
      // The most talkative level: what is never logged must not be logged here either.
      TELEMETRY_LOG: 'trace',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...env,
    };
  }

  /**
   * @param {ServerOptions} [options]
   * @returns {Promise<Server>} Started and ready.
   */
  static async start(options = {}) {
    const server = new Server(await mkdtemp(join(tmpdir(), 'pharos-e2e-')), options);
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** Starts a process on the data directory and waits until it is ready. */
  async start() {
    const child = spawn(BINARY, ['serve'], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let printed = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      printed += chunk;
      this.output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    /** @type {string | undefined} */
    let ended;
    child.once('error', ({ message }) => (ended = `${message} (built by: make build)`));
    child.once('close', (code) => (ended ??= `code ${code}`));
    const origin = await until(
      'the server to print its address',
      () => /http:\/\/127\.0\.0\.1:\d+(?=\/demo\/)/.exec(printed)?.[0] ?? ended,
      { withinMs: START_MS },
    );
    if (ended) throw new Error(`the server ended at its start, ${ended}:\n${printed}`);
    this.origin = origin;
    await until('the server to be ready', async () => (await fetch(this.origin + '/health/ready')).ok, {
      withinMs: START_MS,
    });
  }

  /** The process's id while it runs. */
  get pid() {
    return this.#process?.exitCode === null && this.#process.signalCode === null
      ? this.#process.pid
      : undefined;
  }

  /** The path and fragment of the sign-in link printed last: `/login#...`. */
  get loginPath() {
    const links = [...this.output.matchAll(/http:\/\/[^\s/]+(\/login#[^\s\x1b]+)/g)];
    const last = links.at(-1)?.[1];
    if (!last) throw new Error('the server printed no sign-in link');
    return last;
  }

  /**
   * Runs another of the binary's commands on the same data directory and database.
   * @param {string[]} args
   * @returns {Promise<string>} Its standard output.
   */
  async command(...args) {
    const { stdout } = await promisify(execFile)(BINARY, args, { env: this.#env });
    return stdout;
  }

  /** Stops it as an operator would. Throws unless it ends by itself, in time, with code 0. */
  async stop() {
    const code = await this.#end('SIGTERM');
    if (code !== 0)
      throw new Error(`the server ended with ${code} after SIGTERM:\n${this.output.slice(-2000)}`);
  }

  /** Ends it without a chance to finish anything. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Ends whatever still runs and deletes the data directory. For the end of a test, whatever happened. */
  async dispose() {
    await this.#end('SIGKILL');
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** @param {'SIGTERM' | 'SIGKILL'} signal */
  async #end(signal) {
    const child = this.#process;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    // `close` rather than `exit`: its last words are in by then.
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(deadline);
    return child.exitCode;
  }
}
