// Rows as a CSV file (RFC 4180), made in the page and saved by the browser.

export type CsvValue = string | number | null | undefined;

/** Saves `rows` as `name.csv`. */
export function downloadCsv(name: string, rows: CsvValue[][]): void {
  const file = new Blob([rows.map(line).join('')], { type: 'text/csv;charset=utf-8' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function line(cells: CsvValue[]): string {
  return cells.map(field).join(',') + '\r\n';
}

function field(value: CsvValue): string {
  if (value == null) return '';
  if (typeof value === 'number') return String(value);
  // What begins like a formula would be run by a spreadsheet, and values come from anybody's browser.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
