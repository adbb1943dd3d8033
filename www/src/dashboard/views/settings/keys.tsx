// Keys: what there is, one more, one less. A key is shown as a whole once, when it is made.

import { useState } from 'preact/hooks';
import { keys, revokeKey, type Key, type NewKey } from '../../api';
import { DataTable } from '../../components/data-table';
import { CopyButton } from '../../components/copy-button';
import { Confirm, Dialog } from '../../components/dialog';
import { Card } from '../../components/page';
import { Shown } from '../../components/states';
import { ago, fullDay } from '../../format';
import { useAnswer } from '../../use-answer';
import { KeyForm } from './key-form';

type Open = { what: 'form' } | { what: 'made'; key: NewKey } | { what: 'revoke'; key: Key } | null;

export function Keys() {
  const answer = useAnswer('keys', keys);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);

  return (
    <Card
      title="Keys"
      aside={
        <button type="button" class="button primary" onClick={() => setOpen({ what: 'form' })}>
          New key
        </button>
      }
    >
      <Shown answer={answer} shape="table">
        {(found) => <KeyTable found={found} onRevoke={(key) => setOpen({ what: 'revoke', key })} />}
      </Shown>
      {open?.what === 'form' && (
        <KeyForm
          onClose={close}
          onMade={(key) => {
            setOpen({ what: 'made', key });
            answer.again();
          }}
        />
      )}
      {open?.what === 'made' && <Made made={open.key} onClose={close} />}
      {open?.what === 'revoke' && (
        <Confirm
          title={`Revoke ${open.key.name || open.key.prefix}?`}
          action="Revoke the key"
          onClose={close}
          onConfirm={async () => {
            await revokeKey(open.key.id);
            answer.again();
          }}
        >
          <p>Whatever uses this key is refused from now on. It cannot be brought back.</p>
        </Confirm>
      )}
    </Card>
  );
}

function KeyTable({ found, onRevoke }: { found: Key[]; onRevoke: (key: Key) => void }) {
  return (
    <DataTable
      label="Every key, with those revoked"
      rows={found}
      keyOf={({ id }) => String(id)}
      rowProps={({ revoked_at }) => ({ 'data-over': revoked_at !== null })}
      columns={[
        {
          name: 'name',
          title: 'Name',
          isHeading: true,
          cell: ({ name }) => <span class="clip">{name || '(no name)'}</span>,
        },
        {
          name: 'prefix',
          title: 'Key',
          cell: ({ prefix }) => <span class="mono muted clip">{prefix}</span>,
        },
        {
          name: 'scopes',
          title: 'May',
          cell: ({ scopes }) =>
            scopes.map((scope) => (
              <span key={scope} class="tag">
                {scope}
              </span>
            )),
        },
        { name: 'created_at', title: 'Made', cell: ({ created_at }) => fullDay(created_at) },
        {
          name: 'last_used_at',
          title: 'Last used',
          cell: ({ last_used_at }) => (last_used_at ? ago(last_used_at) : <span class="muted">never</span>),
        },
        {
          name: 'revoked_at',
          title: 'Revoked',
          isTitleHidden: true,
          cell: (key) =>
            key.revoked_at ? (
              <span class="muted">revoked {fullDay(key.revoked_at)}</span>
            ) : (
              <button
                type="button"
                class="link"
                aria-label={`Revoke ${key.name || key.prefix}`}
                onClick={() => onRevoke(key)}
              >
                Revoke
              </button>
            ),
        },
      ]}
    />
  );
}

function Made({ made, onClose }: { made: NewKey; onClose: () => void }) {
  return (
    <Dialog title="The new key" onClose={onClose}>
      <p>
        {made.kind === 'secret'
          ? 'Keep it now: it is not stored, and never shown again.'
          : 'It may stand in a page: it can only write.'}
      </p>
      <pre tabIndex={0}>
        <code>{made.key}</code>
      </pre>
      <div class="buttons">
        <CopyButton text={made.key} />
        <button type="button" class="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
