// @ts-check
// The server dies without warning while a visitor clicks, and answers get lost on the way. Nothing that was
// acknowledged may be missing afterwards, what was not is delivered again, and nothing is stored twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser, openPage } from '../support/browser.mjs';
import { DATABASES } from '../support/database.mjs';
import { Recorder } from '../support/recorder.mjs';
import { Server } from '../support/server.mjs';
import * as shopper from '../support/shopper.mjs';
import { until } from '../support/wait.mjs';

/** The SDK's interval, its longest first pauses between tries, and room for a busy machine. */
const RECOVERED_WITHIN_MS = 45_000;

for (const { name, create } of DATABASES) {
  test(`a killed server loses nothing it acknowledged (${name})`, { timeout: 180_000 }, async (t) => {
    const database = await create();
    t.after(() => database.drop());
    const server = await Server.start({ databaseUrl: database.url });
    t.after(() => server.dispose());
    const recorder = await Recorder.start(server);
    t.after(() => recorder.stop());
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const { page } = await openPage(await browser.newContext(), recorder.origin);
    await shopper.enter(page, recorder.origin);
    const sendNow = () => page.getByRole('button', { name: 'Send now' }).click();

    // Killed right after it acknowledged: no time to write what it might still hold.
    await shopper.add(page, 'Skerry');
    await sendNow();
    await until('the first acknowledgement', () => recorder.idsAcknowledged.length > 0);
    await server.kill();
    const acknowledged = new Set(recorder.idsAcknowledged);

    // Clicks go on meanwhile; the page tries, and fails.
    await shopper.add(page, 'Vesper');
    await sendNow();
    await until('a try without an answer', () => recorder.batches.some((batch) => batch.broken));
    await shopper.add(page, 'Mira');
    await server.start();
    await shopper.allStored(page, RECOVERED_WITHIN_MS);

    // Killed after the commit, before its answer reached the page: the page cannot know, and sends again.
    recorder.loseAnswers = true;
    await shopper.add(page, 'Pico');
    await sendNow();
    const lost = await until('an answer to get lost', () => recorder.batches.find((batch) => batch.lost));
    await server.kill();
    recorder.loseAnswers = false;
    await server.start();
    const again = await until(
      'the batch to be sent again',
      () => recorder.batches.findLast((batch) => batch.status === 200 && sharesIds(batch, lost)),
      { withinMs: RECOVERED_WITHIN_MS },
    );
    for (const event of lost.events) {
      assert.equal(again.verdicts.get(event.id), 'duplicate', 'a retry meets its first try');
    }

    await shopper.allStored(page, RECOVERED_WITHIN_MS);
    const calls = await shopper.callsIn(page);
    await browser.close();
    await recorder.quiet();
    await server.stop();

    const ids = (await database.events(server.dataDir)).map((row) => row.id);
    assert.equal(new Set(ids).size, ids.length, 'nothing is stored twice');
    assert.deepEqual(ids.sort(), recorder.idsSent.sort(), 'ids stored are ids sent');
    assert.equal(ids.length, calls, 'one row for each call');
    assert.deepEqual(
      [...acknowledged].filter((id) => !ids.includes(id)),
      [],
      'acknowledged means stored',
    );
  });
}

/**
 * @param {import('../support/recorder.mjs').Batch} one
 * @param {import('../support/recorder.mjs').Batch} other
 */
function sharesIds(one, other) {
  return one !== other && other.events.every(({ id }) => one.verdicts.has(id));
}
