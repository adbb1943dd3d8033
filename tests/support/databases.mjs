// @ts-check
// The databases that a command line names.

/**
 * @param {string} value of `--database`
 * @returns {('sqlite' | 'postgres')[]}
 */
export function databasesOf(value) {
  if (value === 'both') return ['sqlite', 'postgres'];
  if (value === 'sqlite' || value === 'postgres') return [value];
  throw new Error(`--database is ${value}: expected sqlite, postgres or both`);
}
