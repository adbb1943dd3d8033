// What every view is made of: a heading with its controls, and cards.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { hasMoved } from '../router';

interface PageHeadProps {
  title: string;
  /** One line that says what the view answers. */
  lead?: ComponentChildren;
  /** Controls that concern the whole view. */
  children?: ComponentChildren;
}

/** Takes the focus when the reader came from another view, so that a screen reader says where one is. */
export function PageHead({ title, lead, children }: PageHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} · Pharos`;
    if (hasMoved()) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div class="page-head">
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p class="muted">{lead}</p>}
      </div>
      {children && <div class="controls">{children}</div>}
    </div>
  );
}

interface CardProps {
  title: string;
  /** At the right of the title. */
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}

export function Card({ title, aside, children, class: kind = '' }: CardProps) {
  const id = `card-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return (
    <section class={`card ${kind}`} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

interface StatProps {
  label: string;
  value: ComponentChildren;
  /** Change against the period before, 0.1 is +10%; null when there was nothing to compare with. */
  note?: ComponentChildren;
  children?: ComponentChildren;
}

/** One number that matters, large. */
export function Stat({ label, value, note, children }: StatProps) {
  return (
    <div class="stat">
      <dt>{label}</dt>
      <dd>
        <span class="stat-value">{value}</span>
        {note != null && <span class="stat-note">{note}</span>}
        {children}
      </dd>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}

/** A few options side by side, of which one is chosen. */
export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input
            type="radio"
            name={label}
            value={option}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface SelectProps {
  label: string;
  options: readonly (readonly [string, string])[];
  value: string;
  onChange: (value: string) => void;
}

export function Select({ label, options, value, onChange }: SelectProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(change) => onChange(change.currentTarget.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
