// @ts-check
// Every view of demo and dashboard, by day and by night, wide and narrow, has no finding of axe; and the shop
// can be used by keyboard alone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { launchBrowser, openPage, picture } from '../support/browser.mjs';
import { VIEWS as DASHBOARD_VIEWS, settled, signedIn } from '../support/dashboard.mjs';
import { sendAsPage, visits } from '../support/seed.mjs';
import { Server } from '../support/server.mjs';
import * as shopper from '../support/shopper.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {[string, { width: number, height: number }, 'light' | 'dark'][]} */
const LOOKS = [
  ['wide-light', { width: 1280, height: 900 }, 'light'],
  ['wide-dark', { width: 1280, height: 900 }, 'dark'],
  ['phone-light', { width: 360, height: 780 }, 'light'],
  ['phone-dark', { width: 360, height: 780 }, 'dark'],
];

/** Each scheme once, and each width: the dashboard has many views. */
const DASHBOARD_LOOKS = new Set(['wide-light', 'phone-dark']);

/** Address and heading of each view of the shop. */
const VIEWS = /** @type {const} */ ([
  ['', 'Light for long evenings'],
  ['lamps/vesper', 'Vesper'],
  ['cart', 'Your cart'],
  ['sign-up', 'Join Fanal'],
  ['checkout', 'Checkout'],
  ['thanks', 'Thank you'],
]);

test('axe finds nothing', { timeout: 180_000 }, async (t) => {
  const server = await Server.start();
  t.after(() => server.dispose());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  await sendAsPage(server.origin, visits());
  const { context } = await signedIn(browser, server);
  const storageState = await context.storageState();

  for (const [look, viewport, colorScheme] of LOOKS) {
    await t.test(`demo, ${look}`, async () => {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
      const { page, troubles } = await openPage(context, server.origin);
      await shopper.enter(page, server.origin);
      await shopper.add(page, 'Fyr');
      for (const [view, heading] of VIEWS) {
        await page.goto(`${server.origin}/demo/#/${view}`);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        await expectClean(page, `demo-${view.replace('/', '-') || 'list'}-${look}`);
      }
      const toggle = page.locator('.received-toggle');
      if (await toggle.isVisible()) await toggle.click();
      await page.getByRole('button', { name: 'Send now' }).click();
      await page.locator('.entry').first().waitFor();
      await expectClean(page, `demo-panel-${look}`);
      assert.deepEqual(troubles, []);
      await context.close();
    });

    if (!DASHBOARD_LOOKS.has(look)) continue;
    await t.test(`dashboard, ${look}`, async () => {
      const options = { viewport, colorScheme, reducedMotion: /** @type {const} */ ('reduce') };
      const outside = await browser.newContext(options);
      const signIn = await outside.newPage();
      await signIn.goto(server.origin + '/');
      await signIn.getByRole('heading', { name: 'Sign in' }).waitFor();
      await expectClean(signIn, `dashboard-sign-in-${look}`);
      await outside.close();

      const { context, page, troubles } = await signedIn(browser, server, { ...options, storageState });
      for (const [path, heading] of DASHBOARD_VIEWS) {
        await page.goto(server.origin + path);
        await settled(page, heading);
        await expectClean(page, `dashboard-${path.replace(/\W+/g, '-')}-${look}`);
      }
      await page.goto(`${server.origin}/events`);
      await page.getByRole('button', { name: 'page_view' }).first().click();
      await page.getByRole('complementary', { name: 'The chosen event' }).waitFor();
      await expectClean(page, `dashboard-inspector-${look}`);
      await page.goto(`${server.origin}/trends`);
      await page.getByText('Show as a table').click();
      await page.getByRole('button', { name: /^Time range/ }).click();
      await expectClean(page, `dashboard-range-${look}`);
      await page.goto(`${server.origin}/settings`);
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByRole('dialog', { name: 'New key' }).waitFor();
      await expectClean(page, `dashboard-dialog-${look}`);
      assert.deepEqual(troubles, []);
      await context.close();
    });
  }

  await t.test('a lamp can be bought by keyboard', async () => {
    const { page } = await openPage(await browser.newContext(), server.origin);
    await shopper.enter(page, server.origin);
    await tabTo(page, 'Add Skerry to the cart');
    await page.keyboard.press('Enter');
    await page.goto(`${server.origin}/demo/#/checkout`);
    await page.getByRole('heading', { name: 'Checkout' }).waitFor();
    await tabTo(page, 'Fill in an example');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Thank you/ }).waitFor();
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    assert.match(focused ?? '', /^Thank you/, 'the new view has the focus');
  });
});

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function expectClean(page, name) {
  await picture(page, name);
  // By the debugging protocol, which the page's content policy does not hold back.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    // @ts-expect-error: axe is a global of the script above.
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((/** @type {any} */ violation) => ({
      rule: violation.id,
      where: violation.nodes.map((/** @type {any} */ node) => `${node.target}: ${node.failureSummary}`),
    }));
  });
  assert.deepEqual(found, [], name);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} scrolls sideways by ${overflow} px`);
}

/**
 * Presses Tab until the element of that accessible name has the focus.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim();
    });
    if (focused === name) return;
  }
  assert.fail(`Tab does not reach "${name}"`);
}
