// One event of the quarantine: why it was refused, and a form to repair it before it is judged again.

import { useEffect, useRef, useState } from 'preact/hooks';
import { dropQuarantined, replay, type Quarantined, type Replayed } from '../../api';
import { Confirm, useAction } from '../../components/dialog';
import { Facts } from '../../components/inspector';
import { Problem } from '../../components/states';
import { counted, moment } from '../../format';
import { inWords } from '../../words';
import { nameOf } from './quarantine-table';
import { changesIn, textOf } from './changes';

interface RepairProps {
  entry: Quarantined;
  onDone: () => void;
  onClose: () => void;
}

export function Repair({ entry, onDone, onClose }: RepairProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [entry.id]);
  const [isDropping, setDropping] = useState(false);
  return (
    <aside
      class="inspector"
      aria-label="The chosen event"
      onKeyDown={(key) => key.key === 'Escape' && !isDropping && onClose()}
    >
      <div class="card-head">
        <h2 ref={heading} tabIndex={-1}>
          {nameOf(entry)}
        </h2>
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
      <p>
        Refused for <strong>{inWords(entry.code)}</strong>
        {entry.field && (
          <>
            {' '}
            in <code>{entry.field}</code>
          </>
        )}
        . Seen {counted(entry.count, 'time')}, the last on {moment(entry.last_seen)}.
      </p>
      {entry.replayed_at && (
        <p class="note">Replayed on {moment(entry.replayed_at)}. Doing it again stores nothing twice.</p>
      )}
      <ReplayForm entry={entry} onDone={onDone} />
      <Facts title="Context" facts={entry.context} />
      <button type="button" class="button danger" onClick={() => setDropping(true)}>
        Drop it
      </button>
      {isDropping && (
        <Confirm
          title="Drop this event?"
          action="Drop it"
          onClose={() => setDropping(false)}
          onConfirm={async () => {
            await dropQuarantined(entry.id);
            onClose();
            onDone();
          }}
        >
          <p>It is deleted from the quarantine. This cannot be undone.</p>
        </Confirm>
      )}
    </aside>
  );
}

function ReplayForm({ entry, onDone }: { entry: Quarantined; onDone: () => void }) {
  const [text, setText] = useState(() => textOf(entry.event));
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const { busy, error, run } = useAction(async () => {
    setReplayed(null);
    setReplayed(await replay(entry.id, changesIn(text, entry.event)));
    onDone();
  });
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <label class="field">
        <span>The event as kept: change what is wrong, then replay</span>
        <textarea
          rows={10}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {error && <Problem error={error} />}
      {replayed && <Outcome replayed={replayed} />}
      <div class="buttons">
        <button type="submit" class="button primary" disabled={busy}>
          Replay
        </button>
        <button type="button" class="button" onClick={() => setText(textOf(entry.event))}>
          Undo changes
        </button>
      </div>
    </form>
  );
}

function Outcome({ replayed }: { replayed: Replayed }) {
  const { verdict, code, field, detail, reason } = replayed;
  if (verdict === 'accepted')
    return (
      <p class="note" role="status">
        Stored.
      </p>
    );
  if (verdict === 'duplicate')
    return (
      <p class="note" role="status">
        It was stored before.
      </p>
    );
  const why = [code && inWords(code), field, detail ?? reason].filter(Boolean).join(', ');
  return <Problem error={new Error(`Not stored: ${verdict}${why && `, ${why}`}.`)} />;
}
