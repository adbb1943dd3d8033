// A chart over time: uPlot drawn in this page's colours, with a legend and a readout of the moment pointed at.
// It is a picture; the same numbers stand as a table beneath it, which the caller gives.

import type uPlot from 'uplot';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { usePalette } from '../theme';
import { optionsFor } from './chart-options';
import { Problem, Skeleton } from './states';

export type Tone = 'accent' | 'quiet' | 'good' | 'bad' | 'wait' | 'second';

export interface Line {
  label: string;
  values: (number | null)[];
  look: 'area' | 'line' | 'dashed' | 'bars';
  tone: Tone;
}

export interface ChartProps {
  /** What the picture shows, in one sentence. */
  label: string;
  /** Seconds since 1970, rising. */
  times: number[];
  lines: Line[];
  height?: number;
  /** Also for a single line, where nothing else says what it is. */
  hasLegend?: boolean;
  /** How a value and a moment are written in the readout. */
  value: (value: number) => string;
  time: (seconds: number) => string;
  /** The same numbers as a table. */
  children?: ComponentChildren;
}

/** Where the pointer is: an index into the data, and the place to show it at. */
interface Pointed {
  index: number;
  left: number;
  isRight: boolean;
}

export function Chart(props: ChartProps) {
  const { label, lines, times, height = 260, hasLegend, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  const [isDrawn, setDrawn] = useState(false);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const palette = usePalette();
  const latest = useRef(props);
  latest.current = props;
  const structure = lines.map(({ label, look, tone }) => `${label}|${look}|${tone}`).join();

  useEffect(() => {
    let gone = false;
    const resized = new ResizeObserver(([entry]) => {
      if (entry) plot.current?.setSize({ width: entry.contentRect.width, height });
    });
    void loadPlot().then(
      (UPlot) => {
        if (gone || !box.current) return;
        const options = optionsFor(latest.current, box.current, height, setPointed, UPlot);
        plot.current = new UPlot(options, dataOf(latest.current), box.current);
        resized.observe(box.current);
        setDrawn(true);
      },
      (error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))),
    );
    return () => {
      gone = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [structure, height, palette]);

  useEffect(() => plot.current?.setData(dataOf(latest.current)), [times, lines]);

  return (
    <div class="chart">
      {(hasLegend || lines.length > 1) && <Legend lines={lines} />}
      {problem && <Problem error={problem} />}
      <div class="chart-frame">
        {!isDrawn && !problem && <Skeleton shape="chart" />}
        <div ref={box} class="chart-box" role="img" aria-label={label} data-height={height} />
        {pointed && <Readout {...props} {...pointed} />}
      </div>
      {children && (
        <details class="as-table">
          <summary>Show as a table</summary>
          {children}
        </details>
      )}
    </div>
  );
}

function Legend({ lines }: { lines: Line[] }) {
  return (
    <ul class="legend">
      {lines.map(({ label, look, tone }) => (
        <li key={label} data-tone={tone} data-look={look}>
          {label}
        </li>
      ))}
    </ul>
  );
}

function Readout({ times, lines, value, time, index, left, isRight }: ChartProps & Pointed) {
  const at = times[index];
  if (at === undefined) return null;
  const style = isRight ? { right: `calc(100% - ${left - 12}px)` } : { left: `${left + 12}px` };
  return (
    <div class="readout" style={style} aria-hidden="true">
      <p>{time(at)}</p>
      <ul>
        {lines.map(({ label, look, tone, values }) => {
          const shown = values[index];
          if (shown == null) return null;
          return (
            <li key={label} data-tone={tone} data-look={look}>
              <span>{label}</span> <strong>{value(shown)}</strong>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Loaded with the first chart: no other part of a view waits for it. */
async function loadPlot() {
  const [{ default: UPlot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  return UPlot;
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;
}
