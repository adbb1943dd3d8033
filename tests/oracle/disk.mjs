// @ts-check
// A small disk of its own for the data directory, which can be filled to the last page and freed again.
// It is a tmpfs, so it needs the right to mount; without that there is only an ordinary directory.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SIZE_BYTES = 1024 * 1024 * 1024;
const run = promisify(execFile);

export class Disk {
  #root;
  /** Whether `fill` works here. */
  canFill;
  /** The data directory on it. */
  dataDir;

  /**
   * @param {string} root
   * @param {boolean} mounted
   */
  constructor(root, mounted) {
    this.#root = root;
    this.canFill = mounted;
    this.dataDir = join(root, 'data');
  }

  static async create() {
    const root = await mkdtemp(join(tmpdir(), 'pharos-oracle-'));
    let mounted = true;
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_BYTES},mode=700`, 'tmpfs', root]);
    } catch {
      mounted = false;
    }
    const disk = new Disk(root, mounted);
    await mkdir(disk.dataDir);
    return disk;
  }

  /** Leaves no free page: the disk shrinks to what is used. */
  async fill() {
    for (;;) {
      const { bsize, blocks, bfree } = await statfs(this.#root);
      try {
        return await this.#resize(bsize * (blocks - bfree));
      } catch {
        // More was written in between.
      }
    }
  }

  async free() {
    await this.#resize(SIZE_BYTES);
  }

  async remove() {
    if (this.canFill) await run('umount', [this.#root]);
    await rm(this.#root, { recursive: true, force: true });
  }

  /** @param {number} bytes */
  async #resize(bytes) {
    await run('mount', ['-o', `remount,size=${bytes}`, this.#root]);
  }
}
