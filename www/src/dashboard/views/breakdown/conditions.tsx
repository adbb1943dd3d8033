// What is held still while the event is split: each condition is `property:value`, and can be taken away.

import { setParams } from '../../router';

export function Conditions({ where }: { where: string[] }) {
  if (where.length === 0) return null;
  return (
    <ul class="chips" aria-label="Conditions">
      {where.map((condition) => {
        const text = condition.replace(':', ' is ');
        return (
          <li key={condition} class="chip">
            <span class="mono">{text}</span>
            <button
              type="button"
              class="link"
              aria-label={`Remove the condition ${text}`}
              onClick={() => setParams({ where: where.filter((one) => one !== condition) })}
            >
              Remove
            </button>
          </li>
        );
      })}
    </ul>
  );
}
