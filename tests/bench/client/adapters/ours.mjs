/* bench {"label":"Pharos (Rust/WASM)","packages":[],"static":{"env":"OURS_DIST","entry":"index.js"},"note":"defaults; OURS_DIST holds what a page loads: index.js and its .wasm"} */
// For the bench of browser SDKs side by side: BENCH_ADAPTERS=tests/bench/client/adapters. Modules and the debug view are
// loaded only if used, so they do not belong into OURS_DIST.
import { flush as send, init as start, trackEvent } from '/static/ours/index.js';

export const init = (endpoint) => start({ key: 'pk_bench', endpoint });
export const track = (name, properties) => trackEvent(name, properties);
export const flush = () => send();
