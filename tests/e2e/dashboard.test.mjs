// @ts-check
// The dashboard: who gets in, and what they see. The sign-in link works once; events are shown as text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser, openPage, picture } from '../support/browser.mjs';
import { INGEST_KEY, SECRET_KEY, Server } from '../support/server.mjs';

/** Would run, or become markup, if anything rendered it as HTML. */
const MARKUP = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';

test(
  'the printed link signs in once, and the dashboard shows what is stored',
  { timeout: 60_000 },
  async (t) => {
    const server = await Server.start();
    t.after(() => server.dispose());
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const link = server.origin + server.loginPath;

    await t.test('without signing in there is an explanation, and no data', async () => {
      const { page } = await openPage(await browser.newContext(), server.origin);
      await page.goto(server.origin + '/');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.getByText('pharos login-link').waitFor();
      assert.equal((await page.request.get(server.origin + '/v1/events?limit=100')).status(), 401);
      await picture(page, 'dashboard-signed-out');
    });

    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page, troubles } = await openPage(context, server.origin);

    await t.test('the link signs in and leaves the address', async () => {
      await page.goto(link);
      await page.getByRole('heading', { name: 'Send a first event' }).waitFor();
      assert.equal(page.url(), server.origin + '/start');
      await page.getByText('Nothing has been stored yet').waitFor();
      await page.getByText(INGEST_KEY).waitFor();
      assert.ok(!(await page.content()).includes(SECRET_KEY));
    });

    await t.test('the first event is noticed', async () => {
      await send(server.origin, {
        event: 'page_view',
        properties: { note: MARKUP, nested: { depth: [1, 2] } },
      });
      await page.getByRole('heading', { name: 'The first event is here' }).waitFor();
      await page.getByRole('link', { name: 'Look at the event' }).click();
      await page.getByRole('heading', { name: 'Recent events' }).waitFor();
    });

    await t.test('events are shown as text, with all their parts', async () => {
      const row = page.getByRole('row', { name: /page_view/ });
      await row.getByRole('button').click();
      const inspector = page.getByRole('complementary', { name: 'The chosen event' });
      await inspector.getByText(MARKUP).waitFor();
      await inspector.getByText('"depth"').waitFor();
      assert.equal(await page.locator('main b, main img').count(), 0);
      assert.notEqual(await page.title(), 'owned');
      await picture(page, 'dashboard-events');
      await page.keyboard.press('Escape');
      await inspector.waitFor({ state: 'detached' });
    });

    await t.test('a reload stays signed in; signing out ends it', async () => {
      await page.reload();
      await page.getByRole('row', { name: /page_view/ }).waitFor();
      assert.deepEqual(troubles, []);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal((await page.request.get(server.origin + '/v1/events?limit=1')).status(), 401);
    });

    await t.test('the same link does not work again; a new one does', async () => {
      const { page } = await openPage(await browser.newContext(), server.origin);
      await page.goto(link);
      await page.getByRole('alert').getByText('used before').waitFor();
      const fresh = /http:\/\/\S+(\/login#\S+)/.exec(await server.command('login-link'))?.[1];
      assert.ok(fresh, 'login-link prints a link');
      await page.goto(server.origin + fresh);
      await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    });

    await t.test('the log holds no key and no link', async () => {
      await server.stop();
      const log = server.output.split('\n').filter((line) => /\b(TRACE|DEBUG|INFO|WARN|ERROR)\b/.test(line));
      assert.ok(log.length > 0, 'there is a log');
      for (const secret of [SECRET_KEY, INGEST_KEY, server.loginPath.split('#')[1] ?? '']) {
        assert.deepEqual(
          log.filter((line) => line.includes(secret)),
          [],
        );
      }
    });
  },
);

/**
 * Stores one event, as a server of the operator's would.
 * @param {string} origin
 * @param {object} event
 */
async function send(origin, event) {
  const reply = await fetch(origin + '/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET_KEY}` },
    body: JSON.stringify({ events: [{ timestamp: new Date().toISOString(), ...event }] }),
  });
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal((await reply.json()).accepted, 1);
}
