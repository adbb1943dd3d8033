// @ts-check
// The packed tarball in the tools people use: a Vite app, built and in development, and a plain module script.
// Each time a real browser loads the page, and the events must arrive, verdicts be read and the page be left.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { build, createServer, preview } from 'vite';
import webpack from 'webpack';

import { launchBrowser } from '../support/browser.mjs';
import { accept, Collector } from './collector.mjs';
import { installedProject } from './packed.mjs';

const run = promisify(execFile);

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof installedProject>>} */
let project;

before(async () => {
  browser = await launchBrowser();
  project = await installedProject();
});
after(async () => {
  await browser?.close();
  await project?.dispose();
});

/** @param {string} from @param {string} endpoint */
const app = (from, endpoint) => `
  import { flush, init, trackEvent } from ${JSON.stringify(from)};
  trackEvent('early', { how: 'before init' });
  const ready = init({ key: 'pk_test', endpoint: ${JSON.stringify(endpoint)}, flushIntervalMs: 3_600_000 });
  Object.assign(globalThis, { ready, flush, trackEvent });
`;

/**
 * Opens the page and sees it through: an early event, a retry by verdict, a last event as it is left.
 * @param {string} url
 * @param {Collector} collector
 */
async function seeThrough(url, collector) {
  collector.reply = (batch) => ({
    body: accept(batch, () => (collector.batches.length === 1 ? 'retry' : 'accepted')),
  });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    const evaluate = (/** @type {string} */ expression) => page.evaluate(expression);
    assert.equal(await evaluate('ready'), true);
    await evaluate('flush()');
    const [first, again] = await collector.received(2);
    assert.deepEqual([first?.event, first?.properties], ['early', { how: 'before init' }]);
    assert.equal(again?.id, first?.id, 'the verdict was retry');
    await evaluate('flush()');
    await evaluate("trackEvent('leaving')");
    await page.goto('about:blank');
    const last = (await collector.received(3))[2];
    assert.equal(last?.event, 'leaving');
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

test('the tarball holds what the page and the compiler need, and nothing else', async () => {
  const folder = join(project.folder, 'node_modules/pharos-telemetry');
  const dist = await readdir(join(folder, 'dist'));
  // prettier-ignore
  assert.deepEqual(dist.sort(), [
    'clicks.d.ts', 'clicks.js', 'debug.js', 'errors.d.ts', 'errors.js', 'index.d.ts', 'index.js', 'pages.d.ts', 'pages.js',
    'pharos_sdk_bg.wasm', 'react.d.ts', 'react.js', 'tag.js', 'types.d.ts', 'vitals.d.ts', 'vitals.js',
  ]);
  const rest = (await readdir(folder)).filter((name) => name !== 'dist').sort();
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

test('a Vite app, built', async () => {
  const collector = await Collector.start({});
  const root = project.folder;
  await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>');
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', collector.origin));
  await build({ root, logLevel: 'silent' });
  const server = await preview({ root, logLevel: 'silent', preview: { port: 0, host: '127.0.0.1' } });
  try {
    await seeThrough(String(server.resolvedUrls?.local[0]), collector);
  } finally {
    await server.close();
    await collector.stop();
  }
});

test('a Vite app, in development', async () => {
  const collector = await Collector.start({});
  const root = project.folder;
  await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>');
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', `${collector.origin}/v1/events`));
  const server = await createServer({ root, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  try {
    await server.listen();
    await seeThrough(String(server.resolvedUrls?.local[0]), collector);
  } finally {
    await server.close();
    await collector.stop();
  }
});

test('a webpack app', async () => {
  const collector = await Collector.start({});
  const root = project.folder;
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', collector.origin));
  const compiler = webpack({
    context: root,
    mode: 'production',
    entry: './main.js',
    output: { path: join(root, 'packed'), publicPath: '/packed/' },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  assert.deepEqual(stats?.toJson({ errors: true, warnings: true }).errors, []);
  const folders = {
    '/packed/': join(root, 'packed'),
    '/': '<!doctype html><script src="/packed/main.js"></script>',
  };
  const page = await Collector.start(folders);
  try {
    await seeThrough(page.origin, collector);
  } finally {
    await page.stop();
    await collector.stop();
  }
});

test('a plain module script, from another origin', async () => {
  const sdk = await Collector.start({ '/sdk/': join(project.folder, 'node_modules/pharos-telemetry/dist') });
  const script = app(`${sdk.origin}/sdk/index.js`, '/');
  const page = await Collector.start({ '/': `<!doctype html><script type="module">${script}</script>` });
  try {
    await seeThrough(page.origin, page);
  } finally {
    await page.stop();
    await sdk.stop();
  }
});
