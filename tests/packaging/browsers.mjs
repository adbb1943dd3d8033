// @ts-check
// The browsers that entrypoints are tested in, as one thing: a tab that is sent to an address, asked, and left.

import { launchBrowser } from '../support/browser.mjs';
import { launchFirefox } from '../support/firefox.mjs';

/**
 * @typedef {object} Tab With storage of its own.
 * @property {(url: string) => Promise<unknown>} goto
 * @property {(expression: string) => Promise<any>} evaluate
 * @property {string[]} errors Uncaught ones.
 * @property {() => Promise<unknown>} close
 *
 * @typedef {{ openTab: () => Promise<Tab>, close: () => Promise<unknown> }} Browser
 */

async function launchChromium() {
  const browser = await launchBrowser();
  const openTab = async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    return {
      goto: (/** @type {string} */ url) => page.goto(url),
      evaluate: (/** @type {string} */ expression) => page.evaluate(expression),
      errors,
      close: () => context.close(),
    };
  };
  return { openTab, close: () => browser.close() };
}

/** Both at once, by name. @returns {Promise<Record<string, Browser>>} */
export async function launchBrowsers() {
  const [chromium, firefox] = await Promise.allSettled([launchChromium(), launchFirefox()]);
  if (chromium.status === 'fulfilled' && firefox.status === 'fulfilled') {
    return { Chromium: chromium.value, Firefox: firefox.value };
  }
  for (const launched of [chromium, firefox]) {
    if (launched.status === 'fulfilled') await launched.value.close();
  }
  throw chromium.status === 'rejected'
    ? chromium.reason
    : /** @type {PromiseRejectedResult} */ (firefox).reason;
}
