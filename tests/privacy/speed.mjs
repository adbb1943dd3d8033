// @ts-check
// Stripping an event of about a kilobyte in the wasm that pages load, under Node, beside JSON.parse and
// JSON.stringify of the same text: `npm run build:wasm -w pkg`, then `node tests/privacy/speed.mjs`.
// `cargo bench -p pharos-model` does the same natively.

import { readFileSync } from 'node:fs';

const ROUNDS = 15;
const EVENTS = 20_000;

const file = (/** @type {string} */ path) => readFileSync(new URL(path, import.meta.url));
/** It asks for what it never calls (pkg/src/core.ts). @type {any} */
const anything = new Proxy(() => {}, { get: () => anything });
const { instance } = await WebAssembly.instantiate(file('../../pkg/wasm/pharos_sdk_bg.wasm'), anything);
const wasm = /** @type {import('../../pkg/wasm/pharos_sdk.js').InitOutput} */ (
  /** @type {unknown} */ (instance.exports)
);
wasm.start(1, 2);

/** The median and the least of what `each` takes, in microseconds. @param {() => unknown} each */
function measure(each) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const from = performance.now();
    for (let i = 0; i < EVENTS; i++) each();
    return ((performance.now() - from) * 1000) / EVENTS;
  }).sort((a, b) => a - b);
  return { median: rounds[ROUNDS >> 1], least: rounds[0] };
}

for (const name of ['clean', 'personal']) {
  const text = file(`../../model/benches/${name}.txt`);
  const string = text.toString();
  // The page's facts are stripped as an event's properties are, and nothing else is done with them.
  const room = wasm.room(text.length);
  new Uint8Array(wasm.memory.buffer, room, text.length).set(text);
  const strip = measure(() => wasm.context(text.length));
  const json = measure(() => JSON.stringify(JSON.parse(string)));
  for (const [what, { median, least }] of Object.entries({ strip, 'JSON.parse and stringify': json })) {
    console.log(
      `${name.padEnd(9)} ${what.padEnd(25)} ${median.toFixed(2)} us an event (least ${least.toFixed(2)})`,
    );
  }
}
