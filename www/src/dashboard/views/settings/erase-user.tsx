// Erases what is stored of one user, because they asked for it.

import { useState } from 'preact/hooks';
import { eraseUser, type Erasure } from '../../api';
import { Confirm } from '../../components/dialog';
import { Card } from '../../components/page';
import { counted } from '../../format';

export function EraseUser() {
  const [user, setUser] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [erased, setErased] = useState<Erasure | null>(null);
  return (
    <Card title="Erase a user">
      <form
        class="form narrow"
        onSubmit={(event) => {
          event.preventDefault();
          setErased(null);
          setAsking(true);
        }}
      >
        <label class="field">
          <span>The id your pages give to identify(), or the one stored here</span>
          <input
            required
            autocomplete="off"
            value={user}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="button danger">
            Erase
          </button>
        </div>
      </form>
      {erased && (
        <p class="note" role="status">
          {erased.state === 'done' ? 'Erased' : 'Being erased'}: {counted(erased.events, 'event')},{' '}
          {counted(erased.quarantined, 'event')} in quarantine, {counted(erased.spooled, 'event')} waiting on
          disk. Receipt <code>{erased.erasure_id}</code>.
        </p>
      )}
      {isAsking && (
        <Confirm
          title="Erase this user?"
          action="Erase everything of this user"
          onClose={() => setAsking(false)}
          onConfirm={async () => setErased(await eraseUser(user))}
        >
          <p>Every event of theirs is deleted, also in quarantine and on its way. This cannot be undone.</p>
        </Confirm>
      )}
    </Card>
  );
}
