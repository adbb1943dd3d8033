// @ts-check
// The main job: a page calls trackEvent, a row is in the database. A visitor goes through the whole shop in a
// real browser and leaves; then every id the page sent is stored exactly once, nothing else is, and nothing
// personal is anywhere. Once on each database.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser, openPage, picture } from '../support/browser.mjs';
import { DATABASES } from '../support/database.mjs';
import { Recorder } from '../support/recorder.mjs';
import { Server } from '../support/server.mjs';
import * as shopper from '../support/shopper.mjs';
import { until } from '../support/wait.mjs';

/** From a click to the list on the page, as promised. */
const SHOWN_WITHIN_MS = 6000;

for (const { name, create } of DATABASES) {
  test(`what a visit sends is what is stored (${name})`, { timeout: 120_000 }, async (t) => {
    const database = await create();
    t.after(() => database.drop());
    const server = await Server.start({ databaseUrl: database.url });
    t.after(() => server.dispose());
    const recorder = await Recorder.start(server);
    t.after(() => recorder.stop());
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });

    // A whole visit, arriving by a link with an address in it.
    const { page, troubles } = await openPage(context, recorder.origin);
    await shopper.enter(page, recorder.origin, `?invited_by=${shopper.PERSON.email}`);
    await shopper.browse(page);
    await shopper.listed(page, 'remove_from_cart', SHOWN_WITHIN_MS);
    await shopper.signUp(page);
    await shopper.listed(page, 'sign_up_submitted', SHOWN_WITHIN_MS);
    await shopper.checkOut(page);
    await shopper.listed(page, 'purchase_completed', SHOWN_WITHIN_MS);
    await picture(page, `main-job-${name.toLowerCase()}`);

    // A second tab that is closed right after a click.
    const second = await openPage(context, recorder.origin);
    await shopper.enter(second.page, recorder.origin);
    await shopper.add(second.page, 'Luna');
    const secondCalls = await shopper.callsIn(second.page);
    await second.page.close({ runBeforeUnload: true });

    // And the first goes elsewhere right after a click.
    await page.getByRole('link', { name: 'Once more' }).click();
    await shopper.add(page, 'Beam');
    const calls = (await shopper.callsIn(page)) + secondCalls;
    // The page it goes to asks who is signed in, and the browser reports the answer, nobody, as an error.
    const troublesInShop = [...troubles];
    await page.getByRole('link', { name: 'Pharos' }).click();
    await page.waitForURL((url) => url.pathname === '/');

    await until('every tracked event to be sent', () => recorder.idsSent.length === calls);
    await recorder.quiet();
    await browser.close();
    await server.stop();

    const rows = await database.events(server.dataDir);
    assert.deepEqual(rows.map((row) => row.id).sort(), recorder.idsSent.sort(), 'ids stored are ids sent');
    assert.equal(rows.length, calls, 'one row for each call');
    assert.equal(new Set(rows.map((row) => row.session_id)).size, 1, 'one session, in two tabs');
    assert.ok(rows.every((row) => row.source === 'client'));
    const purchase = rows.find((row) => row.event === 'purchase_completed');
    assert.equal(purchase?.properties.total, 129);
    assert.deepEqual(purchase?.properties.items, [{ product_id: 'vesper', quantity: 1, price: 129 }]);

    assert.deepEqual(shopper.tracesIn(recorder.bodies.join('\n')), [], 'personal data left the page');
    assert.deepEqual(shopper.tracesIn(await database.text(server.dataDir)), [], 'personal data is stored');
    assert.deepEqual(shopper.tracesIn(server.output), [], 'personal data is in the log');
    // So that the three lines above cannot be blind: what was typed would be found, and the visit is there.
    for (const typed of Object.values(shopper.PERSON))
      assert.notDeepEqual(shopper.tracesIn(typed), [], typed);
    assert.ok(recorder.bodies.join('\n').includes('purchase_completed'));
    assert.ok((await database.text(server.dataDir)).includes('purchase_completed'));
    assert.deepEqual(troublesInShop, []);
    assert.deepEqual(second.troubles, []);
  });
}
