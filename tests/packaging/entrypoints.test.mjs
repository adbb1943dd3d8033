// @ts-check
// The packed tarball in the tools people use, each in Chromium and Firefox: the page loads, what it tracked before
// arrives, verdicts are read, and what it tracked last arrives as it is left.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build, createServer, preview } from 'vite';
import webpack from 'webpack';

import { launchBrowsers } from './browsers.mjs';
import { Collector } from './collector.mjs';
import { installedProject } from './packed.mjs';
import { app, seeThrough as through } from './visit.mjs';

const run = promisify(execFile);
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const PAGE = '<!doctype html><div id="root"></div><script type="module" src="/main.js"></script>';

/** @type {Awaited<ReturnType<typeof launchBrowsers>>} */
let browsers;
/** @type {Awaited<ReturnType<typeof installedProject>>} */
let project;
let root = '';
let dist = '';
/** Takes the events. @type {Collector} */
let collector;

before(async () => {
  [browsers, project, collector] = await Promise.all([
    launchBrowsers(),
    installedProject(),
    Collector.start({}),
  ]);
  root = project.folder;
  dist = join(root, 'node_modules/pharos-telemetry/dist');
  for (const name of ['react', 'react-dom']) {
    await symlink(join(MODULES, name), join(root, 'node_modules', name));
  }
  await writeFile(join(root, 'index.html'), PAGE);
});
after(async () => {
  await Promise.all(Object.values(browsers ?? {}).map((browser) => browser.close()));
  await collector?.stop();
  await project?.dispose();
});

/** @param {string} url */
const seeThrough = (url) => through(browsers, collector, url);

/** Builds the app in `root` with Vite and serves it. @param {(url: string) => Promise<void>} use */
async function builtWithVite(use) {
  await build({ root, logLevel: 'silent' });
  const server = await preview({ root, logLevel: 'silent', preview: { port: 0, host: '127.0.0.1' } });
  try {
    await use(String(server.resolvedUrls?.local[0]));
  } finally {
    await server.close();
  }
}

/** Serves one page. @param {string} html @param {Record<string, string>} folders */
async function served(html, folders = {}) {
  const page = await Collector.start({ ...folders, '/': html });
  try {
    await seeThrough(page.origin);
  } finally {
    await page.stop();
  }
}

test('a Vite app, built', async () => {
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', collector.origin));
  await builtWithVite(seeThrough);
});

test('a Vite app, in development', async () => {
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', `${collector.origin}/v1/events`));
  const server = await createServer({ root, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  try {
    await server.listen();
    await seeThrough(String(server.resolvedUrls?.local[0]));
  } finally {
    await server.close();
  }
});

test('a webpack app', async () => {
  await writeFile(join(root, 'main.js'), app('pharos-telemetry', collector.origin));
  const output = { path: join(root, 'packed'), publicPath: '/packed/' };
  const compiler = webpack({ context: root, mode: 'production', entry: './main.js', output });
  const stats = await promisify(compiler.run.bind(compiler))();
  assert.deepEqual(stats?.toJson({ errors: true, warnings: true }).errors, []);
  await served('<!doctype html><script src="/packed/main.js"></script>', { '/packed/': output.path });
});

test('a React app, in strict mode', async () => {
  const source = `
    import { createElement, StrictMode, useEffect } from 'react';
    import { createRoot } from 'react-dom/client';
    import { useTelemetry } from 'pharos-telemetry/react';
    const options = { key: 'pk_test', endpoint: ${JSON.stringify(collector.origin)}, flushIntervalMs: 3_600_000 };
    let tracked = false;
    function App() {
      const pharos = useTelemetry(options);
      useEffect(() => {
        globalThis.pharos = pharos;
        if (!tracked) pharos.trackEvent('early', { how: 'before init' });
        tracked = true;
      }, [pharos]);
      return 'ready';
    }
    createRoot(document.getElementById('root')).render(createElement(StrictMode, null, createElement(App)));
  `;
  await writeFile(join(root, 'main.js'), source);
  await builtWithVite(seeThrough);
});

test('a React app rendered on a server does nothing there', async () => {
  const source = `
    import { createElement } from 'react';
    import { renderToString } from 'react-dom/server';
    import { usePageView, useTelemetry } from 'pharos-telemetry/react';
    globalThis.fetch = () => { throw new Error('nothing may be fetched'); };
    function App() {
      const { trackEvent } = useTelemetry({ key: 'pk_test', endpoint: '/' });
      usePageView('/cart');
      trackEvent('rendered');
      return createElement('p', null, 'ready');
    }
    console.log(renderToString(createElement(App)));
  `;
  await writeFile(join(root, 'server.js'), source);
  const { stdout, stderr } = await run('node', ['server.js'], { cwd: root });
  assert.deepEqual([stdout, stderr], ['<p>ready</p>\n', '']);
});

test('a plain module script, from another origin', async () => {
  const sdk = await Collector.start({ '/sdk/': dist });
  const script = app(`${sdk.origin}/sdk/index.js`, collector.origin);
  await served(`<!doctype html><script type="module">${script}</script>`).finally(() => sdk.stop());
});

test('one script tag, from another origin', async () => {
  // As the server has it: the tag under a name of its own, the rest under /sdk/.
  const tag = join(root, 'tag');
  await mkdir(tag);
  await symlink(join(dist, 'tag.js'), join(tag, 't.js'));
  const sdk = await Collector.start({ '/sdk/': dist, '/': tag });
  const early = "window.pharos = { q: [['trackEvent', 'early', { how: 'before init' }]] }";
  const attributes = `data-key="pk_test" data-endpoint="${collector.origin}" data-flush-interval-ms="3600000"`;
  const html = `<!doctype html><script>${early}</script><script async src="${sdk.origin}/t.js" ${attributes}></script>`;
  await served(html).finally(() => sdk.stop());
});
