// @ts-check
// What the dashboard says of events that are sent on: to a receiver that is there, away, and there again.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { launchBrowser } from '../support/browser.mjs';
import { settled, signedIn, stat } from '../support/dashboard.mjs';
import { sendAsServer } from '../support/seed.mjs';
import { Server } from '../support/server.mjs';
import { until } from '../support/wait.mjs';

test('the dashboard shows what is sent on, and what is given up and why', { timeout: 90_000 }, async (t) => {
  const bodies = /** @type {string[]} */ ([]);
  let status = 204;
  const google = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (status === 204) bodies.push(body);
    response.writeHead(status).end();
  });
  await new Promise((resolve) => google.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => google.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (google.address());
  const server = await Server.start({
    env: {
      TELEMETRY_ANALYTICS_ENABLED: 'true',
      TELEMETRY_GA4_MEASUREMENT_ID: 'G-TEST',
      TELEMETRY_GA4_API_SECRET: 'secret',
      TELEMETRY_GA4_ENDPOINT: `http://127.0.0.1:${port}`,
      TELEMETRY_GA4_CONSENT: 'if_asked',
    },
  });
  t.after(() => server.dispose());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const { page, troubles } = await signedIn(browser, server);
  const log = (/** @type {string} */ event) =>
    sendAsServer(server.origin, [
      { event, timestamp: new Date().toISOString(), properties: { hd_action_key: 'a', other: 1 } },
    ]);
  const shows = (/** @type {string} */ label, /** @type {number} */ count) =>
    until(`${label}: ${count}`, async () => (await stat(page, label)) === count);

  await page.goto(`${server.origin}/forwarding`);
  await settled(page, 'Forwarding');
  await page.getByRole('heading', { name: 'Google Analytics 4' }).waitFor();
  await log('order_paid');
  await log('session_start');
  await shows('Sent', 1);
  await shows('Given up', 1);
  await page.getByRole('row', { name: /session_start .*event name reserved/ }).waitFor();
  assert.deepEqual(
    bodies.map((body) => Object.keys(JSON.parse(body).events[0].params).sort()),
    [['engagement_time_msec', 'event_id', 'hd_action_key', 'session_id']],
  );

  // Refused for a reason that goes away.
  status = 403;
  await log('order_refunded');
  await shows('Given up', 2);
  status = 204;
  await page.getByRole('button', { name: 'Try them again' }).click();
  await shows('Sent', 2);
  await shows('Given up', 1);
  assert.deepEqual(troubles, []);
});
