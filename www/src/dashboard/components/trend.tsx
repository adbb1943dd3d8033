// A change against the period before, in words as well as in colour.

import { delta } from '../format';

interface TrendProps {
  /** 0.1 is a tenth more; null when nothing came before. */
  value: number | null;
  /** What is compared with, for the reader. */
  before?: string;
}

export function Trend({ value, before }: TrendProps) {
  if (value === null) return <span class="trend">new</span>;
  const way = value > 0.0005 ? 'up' : value < -0.0005 ? 'down' : 'level';
  return (
    <span class="trend" data-way={way}>
      {way === 'level' ? '±0%' : delta(value)}
      {before && <span class="trend-before"> {before}</span>}
    </span>
  );
}

/** Now against before; null when there was nothing before. */
export function change(now: number, before: number): number | null {
  return before === 0 ? null : now / before - 1;
}
