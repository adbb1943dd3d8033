// @ts-check
// The packed tarball in a Next.js app of the App Router, by the recipe of the package's README: built, served by Next.js,
// and visited in Chromium and Firefox.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { until } from '../support/wait.mjs';
import { launchBrowsers } from './browsers.mjs';
import { Collector } from './collector.mjs';
import { installedProject } from './packed.mjs';
import { seeThrough } from './visit.mjs';

const run = promisify(execFile);
/** Below the repository, so that Next.js and React are found as an app's own are: Turbopack follows no link out of its root. */
const WITHIN = fileURLToPath(new URL('../.out/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NEXT = createRequire(import.meta.url).resolve('next/dist/bin/next');
const BUILD_MAX_MS = 180_000;

/** @type {Awaited<ReturnType<typeof launchBrowsers>>} */
let browsers;
/** @type {Awaited<ReturnType<typeof installedProject>>} */
let project;
/** Takes the events. @type {Collector} */
let collector;
/** @type {import('node:child_process').ChildProcess} */
let server;
let origin = '';

/** The app's files, by path. @param {string} endpoint */
const files = (endpoint) => ({
  'next.config.mjs': `export default { turbopack: { root: ${JSON.stringify(ROOT)} } };`,
  'app/layout.js': `
    export default ({ children }) => <html lang="en"><body>{children}</body></html>;`,
  'app/telemetry.js': `
    'use client';
    import { usePathname } from 'next/navigation';
    import { useEffect } from 'react';
    import { usePageView, useTelemetry } from 'pharos-telemetry/react';

    const options = { key: 'pk_test', endpoint: ${JSON.stringify(endpoint)}, flushIntervalMs: 3_600_000 };
    let tracked = false;

    export function Visit() {
      const pharos = useTelemetry(options);
      // What a component calls while it is rendered on the server does nothing.
      if (typeof window === 'undefined') pharos.trackEvent('rendered');
      useEffect(() => {
        globalThis.pharos = pharos;
        if (!tracked) pharos.trackEvent('early', { how: 'before init' });
        tracked = true;
      }, [pharos]);
      return <p>visited</p>;
    }

    export function Telemetry() {
      globalThis.pharos = useTelemetry(options);
      usePageView(usePathname());
      return null;
    }`,
  'app/page.js': `
    import { Visit } from './telemetry';
    export default () => <Visit />;`,
  'app/shop/layout.js': `
    import { Telemetry } from '../telemetry';
    export default ({ children }) => <><Telemetry />{children}</>;`,
  'app/shop/page.js': `
    import Link from 'next/link';
    export default () => <Link id="cart" href="/shop/cart">Cart</Link>;`,
  'app/shop/cart/page.js': `
    export default () => <p id="empty">Empty</p>;`,
});

before(async () => {
  await mkdir(WITHIN, { recursive: true });
  [browsers, project, collector] = await Promise.all([
    launchBrowsers(),
    installedProject(WITHIN),
    Collector.start({}),
  ]);
  const cwd = project.folder;
  for (const [path, text] of Object.entries(files(collector.origin))) {
    await mkdir(join(cwd, path, '..'), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  await run(process.execPath, [NEXT, 'build'], { cwd, env, timeout: BUILD_MAX_MS });
  server = spawn(process.execPath, [NEXT, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  server.stdout?.on('data', (chunk) => (said += chunk));
  origin = await until('Next.js to listen', () => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0], {
    withinMs: 30_000,
  });
});
after(async () => {
  await Promise.all(Object.values(browsers ?? {}).map((browser) => browser.close()));
  if (server && server.exitCode === null) {
    const ended = new Promise((resolve) => server.once('close', resolve));
    server.kill();
    await ended;
  }
  await collector?.stop();
  await project?.dispose();
});

test('a Next.js app, built', async () => {
  const page = await (await fetch(origin)).text();
  assert.match(page, /<p>visited<\/p>/, 'rendered on the server, where the SDK does nothing');
  assert.deepEqual(collector.events, []);
  await seeThrough(browsers, collector, origin);
});

test('its pages, as Next.js goes from one to the next', async () => {
  collector.reply = () => ({});
  for (const [name, browser] of Object.entries(browsers)) {
    collector.batches = [];
    const tab = await browser.openTab();
    try {
      await tab.goto(`${origin}/shop`);
      await until('the app', () => tab.evaluate('globalThis.pharos?.sessionId?.() && true'));
      await tab.evaluate("document.querySelector('#cart').click()");
      await until('the cart', () => tab.evaluate("!!document.querySelector('#empty')"));
      // React runs effects after it has shown what they belong to.
      await until('both views', async () => {
        await tab.evaluate('pharos.flush()');
        return collector.events.length >= 2;
      });
      const views = collector.events.map(({ event, properties }) => [event, properties.path]);
      assert.deepEqual(views, [['page_view', '/shop'], ['page_view', '/shop/cart']], name); // prettier-ignore
      assert.deepEqual(tab.errors, [], name);
    } finally {
      await tab.close();
    }
  }
});
