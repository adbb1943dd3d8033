// @ts-check
// The package as people get it: packed by npm, installed from the tarball into an empty project.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * An empty project in a folder of its own with the package in it.
 * @param {string} [within] Where that folder is made.
 * @returns {Promise<{ folder: string, dispose: () => Promise<void> }>}
 */
export async function installedProject(within = tmpdir()) {
  const folder = await mkdtemp(join(within, 'pharos-packed-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const pack = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: join(ROOT, 'pkg'),
    });
    const [{ filename }] = JSON.parse(pack.stdout);
    await writeFile(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
    const options = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', ['install', ...options, join(folder, filename)], { cwd: folder });
    return { folder, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
