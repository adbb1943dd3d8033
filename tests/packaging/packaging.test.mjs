// @ts-check
// What the packed tarball holds, and what the compiler makes of it. Other files try it in tools and browsers.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { installedProject } from './packed.mjs';

const run = promisify(execFile);

/** @type {Awaited<ReturnType<typeof installedProject>>} */
let project;
before(async () => (project = await installedProject()));
after(() => project?.dispose());

test('the tarball holds what pages, servers and the compiler need, and nothing else', async () => {
  const folder = join(project.folder, 'node_modules/pharos-telemetry');
  const dist = await readdir(join(folder, 'dist'));
  // prettier-ignore
  assert.deepEqual(dist.sort(), [
    'clicks.d.ts', 'clicks.js', 'debug.js', 'errors.d.ts', 'errors.js', 'index.d.ts', 'index.js', 'pages.d.ts', 'pages.js',
    'pharos_sdk_bg.wasm', 'react.d.ts', 'react.js', 'tag.js', 'types.d.ts', 'vitals.d.ts', 'vitals.js',
  ]);
  const forServers = await readdir(join(folder, 'dist-server'), { recursive: true });
  // prettier-ignore
  assert.deepEqual(forServers.sort(), [
    'index.js', 'server', 'server/client.d.ts', 'server/errors.d.ts', 'server/index.d.ts', 'server/types.d.ts', 'types.d.ts',
  ]);
  const rest = (await readdir(folder)).filter((name) => !name.startsWith('dist')).sort();
  assert.deepEqual(rest, ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json']);
  const wasm = await readFile(join(folder, 'dist/pharos_sdk_bg.wasm'), 'latin1');
  assert.doesNotMatch(wasm, /\.cargo|rustc\//, 'no path of the machine that built it');
});

test('its types hold in a strict project', async () => {
  const source = `
    import { init, trackEvent, identify, flush, shutdown, sessionId, type InitOptions } from 'pharos-telemetry';
    const options: InitOptions = { key: 'pk_1', endpoint: '/', gpc: 'ignore' };
    const sending: boolean = await init(options);
    interface Cart { sku: string; price?: number }
    const items: Cart[] = [{ sku: 'a' }];
    trackEvent('add_to_cart', { items: items.map(({ sku }) => ({ sku })), at: new Date(), sending });
    // @ts-expect-error a function is no property
    trackEvent('add_to_cart', { items: () => items });
    // @ts-expect-error the key is missing
    await init({ endpoint: '/' });
    identify(null);
    await flush();
    await shutdown();
    const id: string | null = sessionId();
    console.log(id);
  `;
  await writeFile(join(project.folder, 'types.ts'), source);
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'];
  const modules = ['--module', 'nodenext', '--types', '', '--lib', 'es2022,dom'];
  await run('tsc', [...options, ...modules, 'types.ts'], { cwd: project.folder });
});
