// What to put into a page so that it sends events here.

import { CopyButton } from './copy-button';
import { Card } from './page';

export function Snippet({ ingestKey }: { ingestKey: string | undefined }) {
  const snippet = snippetFor(location.origin, ingestKey ?? 'pk_...');
  return (
    <Card title="Put this into a page" aside={<CopyButton text={snippet} />}>
      <pre tabIndex={0}>
        <code>{snippet}</code>
      </pre>
      <p class="muted">
        The ingest key may only write, so it may stand in a page.
        {!ingestKey && ' Yours is printed by `pharos keys` on the server.'} With a bundler:{' '}
        <code>npm install pharos-telemetry</code>.
      </p>
    </Card>
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
