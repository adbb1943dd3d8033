// Two pages, dashboard and demo shop, built to www/dist and embedded in the server, which serves them
// under `/` with a strict content policy: no inline script or style, no data: URL, no other host.
import { defineConfig } from 'vite';

// `npm run dev -w www` serves the pages alone; what they ask of the server goes to a running `pharos serve`.
const server = process.env.PHAROS_URL ?? 'http://127.0.0.1:8787';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // The policy allows no data: URL, so nothing is inlined; every browser with our target preloads modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // For the size budget (sizes.mjs).
    manifest: true,
    rolldownOptions: {
      input: { dashboard: 'index.html', demo: 'demo/index.html' },
    },
  },
  server: {
    proxy: {
      '/v1': server,
      '/health': server,
      '/sdk': server,
      '^/demo/(received|config\\.json)': server,
    },
  },
});
