// @ts-check
// Using the dashboard: the address is a view's whole state, the range picker works by keyboard, tables can be
// saved, failures are told and mended, nothing of an event becomes markup, and nothing is asked of other hosts.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { launchBrowser } from '../support/browser.mjs';
import { VIEWS, rowsOf, settled, signedIn, stat } from '../support/dashboard.mjs';
import { MARKUP, sendAsPage, sendAsServer, visits } from '../support/seed.mjs';
import { Server } from '../support/server.mjs';

const SCRIPTS_BROTLI_BYTES_MAX = 120_000;

test('the dashboard in use', { timeout: 120_000 }, async (t) => {
  const server = await Server.start();
  t.after(() => server.dispose());
  await sendAsPage(server.origin, visits());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const { context, page, troubles } = await signedIn(browser, server, { timezoneId: 'UTC' });
  const storageState = await context.storageState();

  await t.test('every view opens from the navigation, small and from this host alone', async () => {
    /** @type {Set<string>} */
    const scripts = new Set();
    page.on('request', (request) => request.url().endsWith('.js') && scripts.add(request.url()));
    await page.goto(server.origin + '/start');
    const views = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
    for (const view of await views.all()) {
      await view.click();
      await settled(page, await view.innerText());
      // A screen reader says where one is.
      await focusOn(page, await view.innerText());
    }
    const bodies = await Promise.all([...scripts].map(async (url) => (await page.request.get(url)).body()));
    const bytes = bodies.reduce((sum, body) => sum + brotliCompressSync(body).length, 0);
    t.diagnostic(`all scripts of the dashboard: ${bytes} bytes in brotli`);
    assert.ok(bytes > 10_000 && bytes < SCRIPTS_BROTLI_BYTES_MAX, `${bytes} bytes of script, brotli`);
    assert.deepEqual(troubles, []);
  });

  await t.test('a reload and the back button show the same', async () => {
    await page.goto(`${server.origin}/trends?range=30d`);
    await settled(page, 'Trends');
    await page.getByRole('combobox', { name: 'Event', exact: true }).selectOption('product_view');
    await page.getByRole('radio', { name: 'Users' }).check();
    await page.getByText('product_view, last 30 days.').waitFor();
    const chosen = page.url();
    assert.equal(new URL(chosen).search, '?range=30d&event=product_view&measure=unique_users');
    const events = await stat(page, 'Events');
    await page.reload();
    await settled(page, 'Trends');
    assert.equal(await stat(page, 'Events'), events);
    assert.ok(await page.getByRole('radio', { name: 'Users' }).isChecked());
    assert.equal(
      await page.getByRole('combobox', { name: 'Event', exact: true }).inputValue(),
      'product_view',
    );
    await page.goBack();
    await page.getByRole('heading', { name: 'Events over time' }).waitFor();
    await page.goBack();
    await page.getByText('All events, last 30 days.').waitFor();
    await page.goForward();
    await page.goForward();
    assert.equal(page.url(), chosen);
  });

  await t.test('the range picker works by keyboard', async () => {
    await page.goto(`${server.origin}/trends`);
    await settled(page, 'Trends');
    const button = page.getByRole('button', { name: /^Time range/ });
    await button.focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('dialog', { name: 'Time range' });
    await panel.waitFor();
    await focusOn(page, 'Last 7 days');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/trends?range=30d');
    await focusOn(page, 'Time range: Last 30 days');

    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await focusOn(page, 'Time range: Last 30 days');

    await page.keyboard.press('Enter');
    await panel.getByLabel('From').fill('2026-03-10');
    await panel.getByLabel('To, included').fill('2026-03-01');
    await page.keyboard.press('Enter');
    await panel.getByRole('alert').getByText('The first day is after the last').waitFor();
    await panel.getByLabel('To, included').fill('2026-03-12');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/trends?from=2026-03-10&to=2026-03-12');
    await page.getByText('Nothing happened in this time').waitFor();
  });

  await t.test('a table is saved as CSV, with the numbers on the screen', async () => {
    await page.goto(`${server.origin}/trends?range=7d`);
    await settled(page, 'Trends');
    const shown = await rowsOf(page, 'Every event of this time');
    const card = page.getByRole('region', { name: 'Every event', exact: true });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'events-by-name.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines[0], 'event,count,unique_users,trend');
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').slice(0, 2)),
      shown.map((cells) => [cells[0], cells[2]?.replaceAll(',', '')]),
    );
  });

  await t.test('what an event holds is only ever text', async () => {
    await sendAsServer(server.origin, [
      {
        event: 'hostile',
        timestamp: new Date().toISOString(),
        properties: { [MARKUP]: MARKUP },
        session_id: MARKUP,
      },
      { event: MARKUP, timestamp: new Date().toISOString(), properties: { note: MARKUP } },
    ]);
    await page.goto(`${server.origin}/events?event=hostile`);
    await page.getByRole('button', { name: 'hostile' }).click();
    await page.getByRole('complementary').getByText(MARKUP).first().waitFor();
    await page.goto(`${server.origin}/quarantine`);
    await page.getByRole('button', { name: MARKUP }).click();
    await page.getByRole('complementary', { name: 'The chosen event' }).waitFor();
    for (const [path] of VIEWS) {
      const title = await page.title();
      assert.equal(await page.locator('main b, main img').count(), 0, path);
      assert.notEqual(title, 'owned');
      await page.goto(server.origin + path.replace('page_view', 'hostile'));
    }
  });

  await t.test('an event in quarantine is repaired and replayed, another is dropped', async () => {
    await sendAsServer(server.origin, [
      { event: 'Broken Name', timestamp: new Date().toISOString(), properties: { sku: 'A-1' } },
      { event: 'Dropped Name', timestamp: new Date().toISOString() },
    ]);
    await page.goto(`${server.origin}/quarantine`);
    await page.getByRole('button', { name: 'Broken Name' }).click();
    const inspector = page.getByRole('complementary', { name: 'The chosen event' });
    const text = inspector.getByRole('textbox');
    await text.fill('{');
    await inspector.getByRole('button', { name: 'Replay' }).click();
    await inspector.getByRole('alert').getByText('This is not JSON').waitFor();
    await inspector.getByRole('button', { name: 'Undo changes' }).click();
    await text.fill((await text.inputValue()).replace('Broken Name', 'broken_name'));
    await inspector.getByRole('button', { name: 'Replay' }).click();
    await inspector.getByRole('status').getByText('Stored.').waitFor();
    await page.goto(`${server.origin}/events?event=broken_name`);
    await page.getByRole('button', { name: 'broken_name' }).waitFor();

    await page.goto(`${server.origin}/quarantine`);
    await page.getByRole('button', { name: 'Dropped Name' }).click();
    await inspector.getByRole('button', { name: 'Drop it' }).click();
    const dialog = page.getByRole('dialog', { name: 'Drop this event?' });
    await dialog.getByRole('button', { name: 'Drop it' }).click();
    await page.getByRole('button', { name: 'Dropped Name' }).waitFor({ state: 'detached' });
  });

  await t.test('the theme chosen is kept', async () => {
    await page.getByLabel('Theme').selectOption('dark');
    await page.reload();
    await settled(page, 'Quarantine');
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, 'rgb(11, 18, 22)');
    await page.getByLabel('Theme').selectOption('system');
  });

  await t.test("a server's refusal and its absence are told, and mended by trying again", async () => {
    const { page } = await signedIn(browser, server, { storageState });
    const problem = { title: 'The database cannot be reached', detail: 'try it again later', code: 'x' };
    await page.route('**/v1/report?*', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await page.goto(`${server.origin}/trends`);
    const alert = page.getByRole('alert').first();
    await alert.getByText('The database cannot be reached: try it again later.').waitFor();
    await page.unroute('**/v1/report?*');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.stat').first().waitFor();

    await page.goto(`${server.origin}/outcomes`);
    await settled(page, 'Outcomes');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: /^Time range/ }).click();
    await page.getByRole('button', { name: 'Last 7 days' }).click();
    await alert.getByText('The server does not answer.').waitFor();
    await page.context().setOffline(false);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('region', { name: 'Outcomes of the events received' }).waitFor();
  });

  await t.test('a session that ended leads to the way in', async () => {
    const { page } = await signedIn(browser, server, { storageState });
    await page.goto(`${server.origin}/outcomes`);
    await settled(page, 'Outcomes');
    await page.context().clearCookies();
    await page.getByRole('button', { name: /^Time range/ }).click();
    await page.getByRole('button', { name: 'Last 7 days' }).click();
    await page.getByRole('alert').getByText('You were signed out.').waitFor();
    assert.equal(await page.getByRole('region').count(), 0, 'no data is left on the screen');
  });
});

/**
 * Waits until the element of this text has the focus.
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
async function focusOn(page, text) {
  await page.waitForFunction((text) => document.activeElement?.textContent?.trim() === text, text);
}
