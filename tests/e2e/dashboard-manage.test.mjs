// @ts-check
// What the dashboard changes, and what it shows as it happens: live events, keys, the project's settings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser } from '../support/browser.mjs';
import { settled, signedIn } from '../support/dashboard.mjs';
import { sendAsServer } from '../support/seed.mjs';
import { Server } from '../support/server.mjs';
import { until } from '../support/wait.mjs';

test('the dashboard changes things, and shows them live', { timeout: 90_000 }, async (t) => {
  const server = await Server.start();
  t.after(() => server.dispose());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const { page, troubles } = await signedIn(browser, server);
  const arrive = (/** @type {string} */ event) =>
    sendAsServer(server.origin, [
      { event, timestamp: new Date().toISOString(), properties: { lamp: event } },
    ]);

  await t.test('events appear as they arrive, can be paused and filtered', async () => {
    await page.goto(`${server.origin}/live`);
    await page.getByText(/^Live, 0 per second/).waitFor();
    await arrive('first_light');
    await page.getByRole('button', { name: 'first_light' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await arrive('second_light');
    await page.getByText('Paused, 1 event since').waitFor();
    assert.equal(await page.getByRole('button', { name: 'second_light' }).count(), 0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'second_light' }).waitFor();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('first');
    await page.getByRole('button', { name: 'second_light' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'first_light' }).waitFor();
    assert.equal(new URL(page.url()).search, '?filter=first');
  });

  await t.test('the overview moves with what arrives', async () => {
    await page.goto(server.origin + '/');
    await settled(page, 'Overview');
    await page.getByText('Live', { exact: true }).nth(1).waitFor();
    const rate = page.locator('[data-events-per-second]');
    await until('events per second', async () => {
      await arrive('beat');
      return Number(await rate.getAttribute('data-events-per-second')) > 0;
    });
    await page.getByRole('region', { name: 'Top events of the last hour' }).getByText('beat').waitFor();
  });

  await t.test('a key is made, shown once, works, and is revoked', async () => {
    await page.goto(`${server.origin}/settings`);
    await settled(page, 'Settings');
    await page.getByRole('button', { name: 'New key' }).click();
    const form = page.getByRole('dialog', { name: 'New key' });
    await form.getByLabel('Name, to know it by').fill('Nightly export');
    await form.getByRole('radio', { name: /^Secret key/ }).check();
    await form.getByRole('checkbox', { name: 'write events' }).uncheck();
    await form.getByRole('button', { name: 'Make the key' }).click();
    const made = page.getByRole('dialog', { name: 'The new key' });
    const key = (await made.locator('code').innerText()).trim();
    assert.match(key, /^sk_/);
    const reads = async () =>
      (await fetch(`${server.origin}/v1/outcomes`, { headers: { authorization: `Bearer ${key}` } })).status;
    assert.equal(await reads(), 200);
    await made.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /Nightly export/ }).waitFor();
    assert.ok(!(await page.content()).includes(key), 'it was shown once');

    await page.getByRole('button', { name: 'Revoke Nightly export' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByRole('row', { name: /Nightly export.*revoked/ }).waitFor();
    assert.equal(await reads(), 401);
  });

  await t.test("the project's settings are saved, and a wrong one is named", async () => {
    const rules = page.getByRole('textbox', { name: /^Rules for personal data/ });
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Fanal');
    await page.getByRole('textbox', { name: /^Origins/ }).fill('https://fanal.example\nhttps://shop.example');
    await rules.fill('{ "kinds": { "emial": "keep" } }');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('pii_rules.kinds.emial').waitFor();
    await rules.fill('{ "kinds": { "ip": "keep" } }');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').getByText('Saved.').waitFor();
    await page.reload();
    await settled(page, 'Settings');
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'Fanal');
    assert.match(await page.getByRole('textbox', { name: /^Origins/ }).inputValue(), /shop\.example$/);
    assert.deepEqual(JSON.parse(await rules.inputValue()), { kinds: { ip: 'keep' } });
  });

  assert.deepEqual(
    troubles.filter((trouble) => !trouble.includes('status of 400')),
    [],
  );
});
