// What to put into a page so that it sends events here.

import { useState } from 'preact/hooks';

export function SnippetView({ ingestKey }: { ingestKey: string | undefined }) {
  const [copied, setCopied] = useState(false);
  const snippet = snippetFor(location.origin, ingestKey ?? 'pk_...');

  async function copy() {
    await navigator.clipboard.writeText(snippet);
    setCopied(true);
  }

  return (
    <section class="card" aria-labelledby="snippet-title">
      <div class="card-head">
        <h2 id="snippet-title">Send events from a page</h2>
        {'clipboard' in navigator && (
          <button type="button" class="quiet" onClick={() => void copy().catch(() => setCopied(false))}>
            {copied ? 'Copied' : 'Copy'}
          </button>
        )}
      </div>
      <pre tabIndex={0}>
        <code>{snippet}</code>
      </pre>
      <p class="muted">
        The ingest key may only write, so it may stand in a page.
        {!ingestKey && ' Yours is printed by `pharos keys` on the server.'}
      </p>
    </section>
  );
}

function snippetFor(origin: string, key: string): string {
  return [
    '<script type="module">',
    `  import { init, trackEvent } from '${origin}/sdk/index.js';`,
    '',
    `  init({ key: '${key}', endpoint: '${origin}' });`,
    "  trackEvent('page_view', { page: 'home' });",
    '</script>',
  ].join('\n');
}
