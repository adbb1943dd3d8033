// @ts-check
// A thread that sends events at a steady rate, new ones each time, until it is told to stop.

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { bodies } from './events.mjs';

const BATCH = 100;
const ID = /00000000-0000-7000-8000-000000000000/g;
const TIMESTAMP = /2000-01-01T00:00:00\.000Z/g;

const { origin, key, events_per_s } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const texts = bodies(key, BATCH, 50);
let stopped = false;
let accepted = 0;
let failed = 0;
parentPort?.once('message', () => (stopped = true));

function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** @param {string} text */
function send(text) {
  const body = text
    .replace(ID, newId)
    .replace(TIMESTAMP, () => new Date(Date.now() - Math.random() * 5_000).toISOString());
  return new Promise((resolve) => {
    const sent = request(`${origin}/v1/events`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    sent.once('error', () => resolve(failed++));
    sent.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200 ? (accepted += BATCH) : failed++));
    });
    sent.end(body);
  });
}

const began = performance.now();
const open = new Set();
for (let n = 0; !stopped; n++) {
  const due = began + (n * BATCH * 1000) / events_per_s;
  await sleep(Math.max(0, due - performance.now()));
  const sending = send(/** @type {string} */ (texts[n % texts.length]));
  open.add(sending);
  sending.then(() => open.delete(sending));
}
await Promise.all(open);
parentPort?.postMessage({ accepted, failed, seconds: (performance.now() - began) / 1000 });
agent.destroy();
