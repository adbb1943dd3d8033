// @ts-check
// A real Chromium with a new, empty profile each time.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const OUT = fileURLToPath(new URL('../.out/', import.meta.url));

/** @returns {Promise<import('playwright-core').Browser>} */
export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.PHAROS_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
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
