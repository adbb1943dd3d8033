// The steps of a funnel, in order: chosen, moved and taken away by ordinary buttons.

import { useEventNames } from '../../components/event-picker';

/** The server takes no more. */
const STEPS_MAX = 8;

export function Steps({ steps, onChange }: { steps: string[]; onChange: (steps: string[]) => void }) {
  const names = useEventNames();
  const known = [...new Set([...names, ...steps])];

  const replaced = (at: number, name: string) =>
    onChange(steps.map((step, index) => (index === at ? name : step)));
  const moved = (at: number, by: number) => {
    const next = [...steps];
    const [step] = next.splice(at, 1);
    if (step !== undefined) next.splice(at + by, 0, step);
    onChange(next);
  };

  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li key={`${index} ${step}`}>
          <select
            aria-label={`Step ${index + 1}`}
            value={step}
            onChange={(event) => replaced(index, event.currentTarget.value)}
          >
            {known.map((name) => (
              <option key={name} value={name} selected={name === step}>
                {name}
              </option>
            ))}
          </select>
          <span class="buttons">
            <button
              type="button"
              class="button"
              disabled={index === 0}
              aria-label={`Move step ${index + 1} up`}
              onClick={() => moved(index, -1)}
            >
              Up
            </button>
            <button
              type="button"
              class="button"
              aria-label={`Remove step ${index + 1}`}
              onClick={() => onChange(steps.filter((_, at) => at !== index))}
            >
              Remove
            </button>
          </span>
        </li>
      ))}
      {steps.length < STEPS_MAX && (
        <li>
          <select
            aria-label={`Step ${steps.length + 1}`}
            value=""
            onChange={(event) => event.currentTarget.value && onChange([...steps, event.currentTarget.value])}
          >
            <option value="" selected>
              {steps.length === 0 ? 'First step' : 'Next step'}
            </option>
            {known.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </li>
      )}
    </ol>
  );
}
