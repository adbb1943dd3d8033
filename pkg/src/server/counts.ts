// Sums by name: of events that were lost, of what was stripped.

export type Counts = Record<string, number>;

/** Adds counts to counts. */
export function add(counts: Counts, more: Counts): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
}
