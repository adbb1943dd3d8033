// @ts-check
// A visitor turns to another tab. What waits leaves at once, as the tab may never come back; and
// when it does come back, its session goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchTabbedBrowser } from '../support/browser.mjs';
import { Recorder } from '../support/recorder.mjs';
import { Server } from '../support/server.mjs';
import * as shopper from '../support/shopper.mjs';
import { until } from '../support/wait.mjs';

/** Far beyond the test: whatever leaves, leaves because the tab was hidden. */
const NEVER_MS = 600_000;

test('a hidden tab sends what waits', { timeout: 60_000 }, async (t) => {
  const server = await Server.start({ env: { TELEMETRY_FLUSH_INTERVAL: String(NEVER_MS) } });
  t.after(() => server.dispose());
  const recorder = await Recorder.start(server);
  t.after(() => recorder.stop());
  const browser = await launchTabbedBrowser();
  t.after(() => browser.close());
  const shop = browser.context.pages()[0] ?? (await browser.context.newPage());

  await shopper.enter(shop, recorder.origin);
  await shopper.add(shop, 'Skerry');
  await shop.getByText(/\b2 on the way/).waitFor();
  assert.deepEqual(recorder.names, [], 'nothing left yet');

  const other = await browser.context.newPage();
  await until('a batch', () => recorder.batches.length > 0);
  assert.deepEqual(
    recorder.batches.map(({ contentType }) => contentType.split(';')[0]),
    ['text/plain'],
    'one batch, which needs no preflight',
  );
  assert.deepEqual(recorder.names, ['page_view', 'add_to_cart']);

  await shop.bringToFront();
  await shopper.add(shop, 'Luna');
  await other.bringToFront();
  await until('the second batch', () => recorder.batches.length === 2);
  await recorder.quiet();
  const events = recorder.batches.flatMap((batch) => batch.events);
  assert.equal(new Set(events.map((event) => event.session_id)).size, 1, 'one session');
  assert.deepEqual(
    events.map((event) => event.seq),
    [...events.keys()].map((index) => index + events[0]?.seq),
    'numbered without a gap',
  );
  assert.deepEqual(recorder.idsAcknowledged.sort(), recorder.idsSent.sort());
  await server.stop();
});
