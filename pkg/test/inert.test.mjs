// Where there is no page, as in server rendering: everything may be called, nothing happens.

import assert from 'node:assert/strict';
import { test } from 'node:test';

test('without a window everything is inert', async () => {
  assert.equal(typeof globalThis.window, 'undefined');
  let asked = false;
  globalThis.fetch = async () => {
    asked = true;
    throw new Error('nothing may be fetched');
  };
  const { init, trackEvent, identify, flush, shutdown, sessionId } = await import('../dist/index.js');
  trackEvent('page_view', { path: '/' });
  identify('user-42');
  assert.equal(await init({ key: 'pk_1', endpoint: 'https://telemetry.example.com' }), false);
  const hostile = new Proxy({}, { get: () => assert.fail('read'), ownKeys: () => assert.fail('listed') });
  trackEvent('page_view', hostile);
  await flush();
  assert.equal(sessionId(), null);
  await shutdown();
  assert.equal(asked, false);
});
