// @ts-check
// A throwaway PostgreSQL cluster that its owner may stop, crash and start again, on one port for all its life.
// Tests that only need a database use the shared one of scripts/with-postgres; this is for those that break it.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { appendFile, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const WITH_POSTGRES = fileURLToPath(new URL('../../scripts/with-postgres', import.meta.url));
const START_TRIES = 5;

export class Cluster {
  /** @type {string} */ #bin;
  /** @type {string} */ #dir;
  /** @type {number} */ port;

  /**
   * @param {string} bin
   * @param {string} dir
   * @param {number} port
   */
  constructor(bin, dir, port) {
    this.#bin = bin;
    this.#dir = dir;
    this.port = port;
  }

  /**
   * Makes and starts a cluster. Its settings are PostgreSQL's defaults (`fsync`, `synchronous_commit` and
   * `full_page_writes` on) but for `settings`, lines of postgresql.conf.
   * @param {string[]} [settings]
   */
  static async start(settings = []) {
    const bin = execFileSync(WITH_POSTGRES, ['--find'], { encoding: 'utf8' }).trim();
    // /tmp rather than $TMPDIR: the other user must reach it.
    const dir = await mkdtemp('/tmp/pharos-pg-');
    if (asRoot()) await chown(dir, id('-u'), id('-g'));
    const cluster = new Cluster(bin, dir, 0);
    try {
      const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
      await cluster.#run('initdb', ['-D', cluster.#data, ...options]);
      for (let tries = 1; ; tries++) {
        cluster.port = await freePort();
        const lines = [
          `port = ${cluster.port}`,
          `listen_addresses = '127.0.0.1'`,
          `unix_socket_directories = ''`,
          ...settings,
        ];
        await appendFile(join(cluster.#data, 'postgresql.conf'), lines.join('\n') + '\n');
        try {
          await cluster.resume();
          return cluster;
        } catch (error) {
          // Another process may have taken the port in between: then another one is chosen.
          if (tries === START_TRIES) throw error;
        }
      }
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** @param {string} [database] */
  url(database = 'postgres') {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** The postmaster's process id. */
  async pid() {
    const [line] = (await readFile(join(this.#data, 'postmaster.pid'), 'utf8')).split('\n');
    return Number(line);
  }

  /** Starts it again after `stop`, through crash recovery where that was immediate. */
  async resume() {
    await this.#control(['-l', join(this.#dir, 'server.log'), '-t', '120', 'start']);
  }

  /** @param {'fast' | 'immediate'} mode `immediate`: as if every process of it had crashed. */
  async stop(mode) {
    await this.#control(['-m', mode, 'stop']);
  }

  /** Stops it, whatever state it is in, and deletes it. */
  async remove() {
    await this.stop('immediate').catch(() => {});
    await rm(this.#dir, { recursive: true, force: true });
  }

  get #data() {
    return join(this.#dir, 'data');
  }

  /** @param {string[]} args */
  async #control(args) {
    // The postmaster inherits what pg_ctl was given: it must not keep a pipe of ours open.
    const [program, rest] = this.#command('pg_ctl', ['-D', this.#data, '-w', ...args]);
    const child = spawn(program, rest, { cwd: this.#dir, stdio: 'ignore' });
    const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
    if (code !== 0) throw new Error(`pg_ctl ${args.at(-1)} ended with ${code}: ${await this.#lastWords()}`);
  }

  /**
   * @param {string} program
   * @param {string[]} args
   */
  async #run(program, args) {
    const [command, rest] = this.#command(program, args);
    await promisify(execFile)(command, rest, { cwd: this.#dir });
  }

  /**
   * PostgreSQL refuses to run as root.
   * @param {string} program
   * @param {string[]} args
   * @returns {[string, string[]]}
   */
  #command(program, args) {
    const path = join(this.#bin, program);
    return asRoot() ? ['runuser', ['-u', systemUser(), '--', path, ...args]] : [path, args];
  }

  async #lastWords() {
    const log = await readFile(join(this.#dir, 'server.log'), 'utf8').catch(() => '');
    return log.split('\n').slice(-5).join('\n');
  }
}

/** Whether there are PostgreSQL programs on this machine. */
export function postgresIsInstalled() {
  try {
    execFileSync(WITH_POSTGRES, ['--find'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const asRoot = () => process.getuid?.() === 0;

function systemUser() {
  try {
    execFileSync('id', ['-u', 'postgres'], { stdio: 'ignore' });
    return 'postgres';
  } catch {
    return 'nobody';
  }
}

/** @param {'-u' | '-g'} which */
function id(which) {
  return Number(execFileSync('id', [which, systemUser()], { encoding: 'utf8' }));
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
