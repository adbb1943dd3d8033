// What stands where an answer is not there yet, failed, or is empty. Every view shows its answers through
// `Shown`, so that waiting, failing and trying again look and sound the same everywhere.

import type { ComponentChildren } from 'preact';
import type { Answer } from '../use-answer';

/** The rough form of what is coming, so that nothing jumps when it is there. */
export type Shape = 'cards' | 'chart' | 'table' | 'lines';

interface ShownProps<T> {
  answer: Answer<T>;
  shape: Shape;
  /** What to say when the answer has nothing in it; null when it has. */
  empty?: ((data: T) => ComponentChildren) | undefined;
  children: (data: T) => ComponentChildren;
}

export function Shown<T>({ answer, shape, empty, children }: ShownProps<T>) {
  const { data, error, busy, again } = answer;
  if (data === null && error) return <Problem error={error} onRetry={again} />;
  if (data === null) return <Skeleton shape={shape} />;
  const nothing = empty?.(data) ?? null;
  return (
    <div class="shown" aria-busy={busy}>
      {error && <Problem error={error} onRetry={again} isStale />}
      {nothing === null ? children(data) : <Empty>{nothing}</Empty>}
    </div>
  );
}

interface ProblemProps {
  error: Error;
  onRetry?: (() => void) | undefined;
  /** Whether older data is still shown below. */
  isStale?: boolean;
}

export function Problem({ error, onRetry, isStale }: ProblemProps) {
  return (
    <div class="problem" role="alert">
      <p>
        {isStale && <strong>What you see is not being updated. </strong>}
        {error.message}
      </p>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** Appears only when an answer takes noticeably long. */
export function Skeleton({ shape }: { shape: Shape }) {
  const parts = { cards: 4, chart: 1, table: 6, lines: 3 }[shape];
  return (
    <div class="skeleton" data-shape={shape} role="status" aria-label="Loading">
      {Array.from({ length: parts }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
