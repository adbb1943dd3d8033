// Refused events that were kept: to look at, repair and replay, or drop.

import { quarantine, type Quarantined } from '../../api';
import { Card, PageHead, Select } from '../../components/page';
import { Shown } from '../../components/states';
import { counted } from '../../format';
import { setParams, usePlace } from '../../router';
import { useAnswer } from '../../use-answer';
import { inWords } from '../../words';
import { QuarantineTable } from './quarantine-table';
import { Repair } from './repair';
import '../../styles/events.css';

const LIMIT = 500;

export default function Quarantine() {
  const { params } = usePlace();
  const code = params.get('code');
  const id = params.get('id');
  const answer = useAnswer(`quarantine ${code}`, (signal) => quarantine(code, LIMIT, signal));
  const selected = answer.data?.find((entry) => entry.id === id) ?? null;

  return (
    <>
      <PageHead
        title="Quarantine"
        lead="Events that were refused and can perhaps be repaired, without their personal data."
      >
        <Select
          label="Why"
          value={code ?? ''}
          options={[['', 'Any reason'], ...codesIn(answer.data ?? [], code)]}
          onChange={(chosen) => setParams({ code: chosen || null, id: null })}
        />
      </PageHead>
      <Card
        title="Kept events"
        aside={
          answer.data && (
            <p class="muted small">{counted(answer.data.length, 'entry', 'entries')}, the last seen first</p>
          )
        }
      >
        <Shown
          answer={answer}
          shape="table"
          empty={(kept) => (kept.length === 0 ? 'Nothing is in quarantine.' : null)}
        >
          {(kept) => (
            <div class="events" data-inspecting={selected !== null}>
              <QuarantineTable kept={kept} selected={id} />
              {selected && (
                <Repair
                  key={selected.id}
                  entry={selected}
                  onDone={answer.again}
                  onClose={() => setParams({ id: null })}
                />
              )}
            </div>
          )}
        </Shown>
      </Card>
    </>
  );
}

/** Reasons there are, and the one chosen even when nothing has it any more. */
function codesIn(kept: Quarantined[], chosen: string | null): [string, string][] {
  const codes = new Set([...kept.map(({ code }) => code), ...(chosen ? [chosen] : [])]);
  return [...codes].sort().map((code) => [code, inWords(code)]);
}
