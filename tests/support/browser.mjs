// @ts-check
// A real Chromium with a new, empty profile each time.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { until } from './wait.mjs';

const EXECUTABLE = process.env.PHAROS_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const OUT = fileURLToPath(new URL('../.out/', import.meta.url));

/**
 * @param {import('playwright-core').LaunchOptions} [options]
 * @returns {Promise<import('playwright-core').Browser>}
 */
export function launchBrowser(options) {
  return chromium.launch({ executablePath: EXECUTABLE, headless: true, args: FLAGS, ...options });
}

/**
 * A browser whose tabs are as visible or hidden as a person's would be. Playwright's own browsers pretend
 * that every tab is in front; in this one, opening or fronting a tab hides the one before.
 */
export async function launchTabbedBrowser() {
  const profile = await mkdtemp(join(tmpdir(), 'pharos-profile-'));
  const args = [
    '--headless',
    '--window-size=1280,900',
    ...FLAGS,
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ];
  const child = spawn(EXECUTABLE, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const close = async () => {
    child.kill('SIGTERM');
    await closed;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await until('Chromium to listen', () => /ws:\/\/\S+/.exec(said)?.[0], {
      withinMs: 20_000,
    });
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    const context = browser.contexts()[0];
    if (!context) throw new Error('Chromium started without a window');
    context.setDefaultTimeout(10_000);
    return { context, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A page, and everything that went wrong in it: uncaught errors, errors on the console (a policy that
 * blocked something is one), requests to other hosts.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} origin The only one it may ask.
 */
export async function openPage(context, origin) {
  /** @type {string[]} */
  const troubles = [];
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) troubles.push(`request to ${request.url()}`);
  });
  return { page, troubles };
}

/**
 * Keeps a picture in tests/.out, for people.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
export async function picture(page, name) {
  await mkdir(OUT, { recursive: true });
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}
