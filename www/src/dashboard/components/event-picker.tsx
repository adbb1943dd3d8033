// Chooses one of the events lately seen, or all of them.

import { eventStats } from '../api';
import { spanOf } from '../range';
import { useAnswer } from '../use-answer';
import { Select } from './page';

interface EventPickerProps {
  label?: string;
  value: string | null;
  /** The text for "no event in particular"; none: one has to be chosen. */
  all?: string | undefined;
  onChange: (event: string | null) => void;
}

export function EventPicker({ label = 'Event', value, all, onChange }: EventPickerProps) {
  const names = useEventNames();
  const known = value && !names.includes(value) ? [value, ...names] : names;
  const first = all === undefined ? (value ? [] : [['', 'Choose an event']]) : [['', all]];
  const options = [...first, ...known.map((name) => [name, name])] as [string, string][];
  return (
    <Select label={label} options={options} value={value ?? ''} onChange={(name) => onChange(name || null)} />
  );
}

/** Names of the events of the last 30 days, the most frequent first. */
export function useEventNames(): string[] {
  const { data } = useAnswer('event-names', (signal) => eventStats(spanOf({ preset: '30d' }), signal));
  return data?.events.map(({ event }) => event) ?? [];
}
