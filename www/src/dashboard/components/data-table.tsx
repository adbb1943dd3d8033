// A table of an answer's rows: numbers aligned at the right, and the same rows as a CSV file. Cells are text.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { counted } from '../format';
import { downloadCsv, type CsvValue } from '../csv';

export interface Column<Row> {
  /** The column's name in the CSV file, and its key. */
  name: string;
  title: string;
  /** The title is only read aloud: the cells speak for themselves. */
  isTitleHidden?: boolean;
  /** Numbers stand at the right, so that their digits line up. */
  isNumber?: boolean;
  /** The cell that names its row. */
  isHeading?: boolean;
  cell: (row: Row) => ComponentChildren;
  /** In the file, where numbers are plain; none: the column is only shown. */
  csv?: (row: Row) => CsvValue;
}

interface DataTableProps<Row> {
  /** What the table is of, for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row, index: number) => string;
  /** Without a name there is no file. */
  csvName?: string | undefined;
  rowProps?: ((row: Row) => Record<string, unknown>) | undefined;
}

/** Rows shown at first: a table of thousands makes a slow page. */
const ROWS_SHOWN = 100;

export function DataTable<Row>({ label, columns, rows, keyOf, csvName, rowProps }: DataTableProps<Row>) {
  const [isLong, setLong] = useState(false);
  const shown = isLong ? rows : rows.slice(0, ROWS_SHOWN);
  return (
    <div class="data">
      <div class="table" tabIndex={0} role="region" aria-label={`Table: ${label}`}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.name}
                  scope="col"
                  data-column={column.name}
                  class={column.isNumber ? 'number' : undefined}
                >
                  {column.isTitleHidden ? <span class="visually-hidden">{column.title}</span> : column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={keyOf(row, index)} {...rowProps?.(row)}>
                {columns.map((column) => (
                  <Cell key={column.name} column={column} row={row} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(csvName || shown.length < rows.length) && (
        <div class="table-foot">
          {shown.length < rows.length && (
            <button type="button" class="button" onClick={() => setLong(true)}>
              Show all {counted(rows.length, 'row')}
            </button>
          )}
          {csvName && rows.length > 0 && (
            <button type="button" class="button" onClick={() => save(csvName, columns, rows)}>
              Download CSV
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  const kind = column.isNumber ? 'number' : undefined;
  return column.isHeading ? (
    <th scope="row" class={kind}>
      {column.cell(row)}
    </th>
  ) : (
    <td class={kind}>{column.cell(row)}</td>
  );
}

function save<Row>(name: string, columns: Column<Row>[], rows: Row[]): void {
  const filed = columns.flatMap(({ name, csv }) => (csv ? [{ name, csv }] : []));
  downloadCsv(name, [
    filed.map((column) => column.name),
    ...rows.map((row) => filed.map((column) => column.csv(row))),
  ]);
}

interface BarProps {
  /** Of the longest bar: 0 to 1. */
  share: number;
}

/** A bar behind or beside a number; says nothing that the number does not. */
export function Bar({ share }: BarProps) {
  const width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return (
    <span class="bar" aria-hidden="true">
      <span style={{ width }} />
    </span>
  );
}
