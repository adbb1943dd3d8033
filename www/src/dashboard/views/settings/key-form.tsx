// Makes a key: public for pages, or secret for servers, which may do what its scopes say.

import { useState } from 'preact/hooks';
import { createKey, type Key, type NewKey, type Scope } from '../../api';
import { Dialog, useAction } from '../../components/dialog';
import { Problem } from '../../components/states';

const KINDS: [Key['kind'], string][] = [
  ['ingest', 'Ingest key: stands in pages, may only write'],
  ['secret', 'Secret key: for servers and scripts'],
];

const SCOPES: [Scope, string][] = [
  ['ingest', 'write events'],
  ['read', 'read everything'],
  ['admin', 'change settings, keys and data'],
];

export function KeyForm({ onClose, onMade }: { onClose: () => void; onMade: (key: NewKey) => void }) {
  const [kind, setKind] = useState<Key['kind']>('ingest');
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['ingest', 'read']);
  const { busy, error, run } = useAction(async () =>
    onMade(await createKey(kind, name, kind === 'secret' ? scopes : undefined)),
  );

  return (
    <Dialog title="New key" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <label class="field">
          <span>Name, to know it by</span>
          <input
            required
            maxLength={100}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <fieldset class="field">
          <legend>Kind</legend>
          {KINDS.map(([value, text]) => (
            <label key={value} class="check">
              <input type="radio" name="kind" checked={kind === value} onChange={() => setKind(value)} />
              {text}
            </label>
          ))}
        </fieldset>
        {kind === 'secret' && (
          <fieldset class="field">
            <legend>It may</legend>
            {SCOPES.map(([scope, text]) => (
              <label key={scope} class="check">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={(event) =>
                    setScopes(
                      event.currentTarget.checked
                        ? [...scopes, scope]
                        : scopes.filter((one) => one !== scope),
                    )
                  }
                />
                {text}
              </label>
            ))}
          </fieldset>
        )}
        {error && <Problem error={error} />}
        <div class="buttons">
          <button
            type="submit"
            class="button primary"
            disabled={busy || (kind === 'secret' && scopes.length === 0)}
          >
            Make the key
          </button>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
