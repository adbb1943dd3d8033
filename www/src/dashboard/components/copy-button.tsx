// Copies a text, and says so. Not there where the browser has no clipboard to offer (plain http elsewhere
// than on this machine).

import { useState } from 'preact/hooks';

export function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState<'Copy' | 'Copied' | 'Could not copy'>('Copy');
  if (!('clipboard' in navigator)) return null;
  const copy = () =>
    void navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Could not copy'),
    );
  return (
    <button type="button" class="button" onClick={copy} aria-live="polite">
      {said}
    </button>
  );
}
