// The dashboard's size budget: all its scripts together, every view's, as a browser with brotli gets them.

import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const BROTLI_BYTES_MAX = 120 * 1024;
/** What loads the SDK and the demo shop is no part of it. */
const ENTRY = 'index.html';

const manifest = JSON.parse(readFileSync(new URL('dist/.vite/manifest.json', import.meta.url), 'utf8'));
const files = new Set();

/** Follows a chunk's imports, those at first use included. @param {string} key */
function follow(key) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) follow(next);
}
follow(ENTRY);

let sum = 0;
for (const file of [...files].sort()) {
  const bytes = readFileSync(new URL(`dist/${file}`, import.meta.url));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const brotli = brotliCompressSync(bytes, { params }).length;
  console.log(`${file.padEnd(44)}${String(bytes.length).padStart(9)}${String(brotli).padStart(9)}`);
  sum += brotli;
}
console.log(`${'the dashboard, brotli'.padEnd(53)}${String(sum).padStart(9)} of ${BROTLI_BYTES_MAX}`);
if (sum > BROTLI_BYTES_MAX) {
  console.error(`the dashboard is ${sum - BROTLI_BYTES_MAX} bytes over its budget (www/sizes.mjs)`);
  process.exitCode = 1;
}
