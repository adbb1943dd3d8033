// Which time a view shows: a button that opens the named ranges and two date inputs. All of it by keyboard: the
// arrows move through the ranges, Escape closes and gives the focus back to the button.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  PRESETS,
  TIME_ZONE,
  changesFor,
  isoDay,
  labelOf,
  problemWith,
  rangeIn,
  spanOf,
  type Preset,
  type Range,
} from '../range';
import { setParams, usePlace } from '../router';

export function RangePicker({ standard = '7d' }: { standard?: Preset }) {
  const range = rangeIn(usePlace(), standard);
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  // Before the next key can be pressed.
  useLayoutEffect(() => {
    if (!isOpen) return;
    const buttons = [...(root.current?.querySelectorAll<HTMLElement>('.range-presets button') ?? [])];
    (buttons.find((one) => one.ariaCurrent === 'true') ?? buttons[0])?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [isOpen]);

  function close() {
    setOpen(false);
    button.current?.focus();
  }

  function choose(next: Range) {
    setParams(changesFor(next));
    close();
  }

  return (
    <div class="range" ref={root} onKeyDown={(event) => event.key === 'Escape' && isOpen && close()}>
      <button
        ref={button}
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span class="visually-hidden">Time range: </span>
        {labelOf(range)}
        <span class="chevron" aria-hidden="true" />
      </button>
      {isOpen && (
        <div class="range-panel" role="dialog" aria-label="Time range">
          <Presets
            chosen={'preset' in range ? range.preset : null}
            onChoose={(preset) => choose({ preset })}
          />
          <OwnDays range={range} onChoose={choose} />
        </div>
      )}
    </div>
  );
}

function Presets({ chosen, onChoose }: { chosen: Preset | null; onChoose: (preset: Preset) => void }) {
  function move(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons.at((at + step) % buttons.length)?.focus();
  }

  return (
    <ul class="range-presets" onKeyDown={move}>
      {Object.entries(PRESETS).map(([preset, label]) => (
        <li key={preset}>
          <button type="button" aria-current={preset === chosen} onClick={() => onChoose(preset as Preset)}>
            {label}
          </button>
        </li>
      ))}
    </ul>
  );
}

function OwnDays({ range, onChoose }: { range: Range; onChoose: (range: Range) => void }) {
  const span = spanOf(range);
  const [from, setFrom] = useState('preset' in range ? isoDay(span.start) : range.from);
  const [to, setTo] = useState('preset' in range ? isoDay(new Date(span.end.getTime() - 1)) : range.to);
  const [problem, setProblem] = useState<string | null>(null);

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const found = problemWith(from, to);
    setProblem(found);
    if (!found) onChoose({ from, to });
  }

  return (
    <form class="range-days" onSubmit={submit} noValidate>
      <label class="field">
        <span>From</span>
        <input type="date" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>To, included</span>
        <input type="date" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
      <p class="muted small">Days in {TIME_ZONE.replaceAll('_', ' ')}</p>
      <button type="submit" class="button primary">
        Show these days
      </button>
    </form>
  );
}
