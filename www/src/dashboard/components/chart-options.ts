// How uPlot is to draw a chart: colours read from the style sheet, a quiet grid, axes in the reader's language.

import type uPlot from 'uplot';
import { axisTime, compact } from '../format';
import type { ChartProps, Line, Tone } from './chart';

type Point = (pointed: { index: number; left: number; isRight: boolean } | null) => void;

const AXIS_FONT = '12px system-ui, sans-serif';

export function optionsFor(
  props: ChartProps,
  box: HTMLElement,
  height: number,
  onPoint: Point,
  UPlot: typeof uPlot,
): uPlot.Options {
  const colour = coloursIn(box);
  const axis = { stroke: colour('muted'), font: AXIS_FONT, ticks: { show: false } };
  return {
    width: box.clientWidth,
    height,
    padding: [12, 32, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 8, width: 2, fill: colour('card'), stroke: (_, index) => toneOf(index, props, colour) },
    },
    scales: {
      x: { time: true, range: (_, first, last) => widened(first, last, props) },
      // From zero, so that heights can be compared, with some air above.
      y: { range: (_, __, highest) => [0, highest > 0 ? highest * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 72,
        size: 30,
        values: (_, splits) => {
          const step = (splits[1] ?? 0) - (splits[0] ?? 0);
          return splits.map((seconds) => axisTime(new Date(seconds * 1000), Math.max(step, gapOf(props))));
        },
      },
      {
        ...axis,
        grid: { stroke: colour('grid'), width: 1 },
        space: 44,
        size: (_, labels) => 20 + 7 * Math.max(2, ...(labels ?? []).map((text) => text.length)),
        // Half an event is nothing to mark.
        incrs: [1, 2, 5, 10, 20, 25, 50]
          .flatMap((step) => (step < 10 ? [step] : POWERS.map((p) => step * p)))
          .sort((a, b) => a - b),
        values: (_, splits) => splits.map(compact),
      },
    ],
    series: [{}, ...props.lines.map((line) => seriesOf(line, colour, UPlot))],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, left } = plot.cursor;
          if (idx == null || left == null || left < 0) return onPoint(null);
          const x = plot.bbox.left / devicePixelRatio + left;
          onPoint({ index: idx, left: x, isRight: left > plot.bbox.width / devicePixelRatio / 2 });
        },
      ],
    },
  };
}

const POWERS = Array.from({ length: 10 }, (_, power) => 10 ** power);

/** Seconds from one moment of the chart to the next. */
function gapOf({ times }: ChartProps): number {
  return times.length < 2 ? 3600 : (times[1] ?? 0) - (times[0] ?? 0);
}

/** Bars stand half before and half after their moment: they need that room at both ends. */
function widened(first: number, last: number, props: ChartProps): [number, number] {
  const gap = gapOf(props);
  const room = props.lines.some(({ look }) => look === 'bars') ? gap / 2 : 0;
  return [first - room, last + room];
}

type Colours = (name: string, alpha?: number) => string;

function seriesOf({ label, look, tone }: Line, colour: Colours, UPlot: typeof uPlot): uPlot.Series {
  const stroke = colour(TONES[tone]);
  const points = { show: false };
  if (look === 'bars') {
    const paths = UPlot.paths.bars?.({ size: [0.7, 40], radius: 0.15 });
    return { label, stroke, fill: colour(TONES[tone], 0.6), width: 0, points, ...(paths && { paths }) };
  }
  return {
    label,
    stroke,
    width: look === 'dashed' ? 1.5 : 2,
    points,
    ...(look === 'dashed' && { dash: [4, 4] }),
    ...(look === 'area' && { fill: colour(TONES[tone], 0.1) }),
  };
}

const TONES: Record<Tone, string> = {
  accent: 'accent',
  quiet: 'quiet',
  good: 'good',
  bad: 'bad',
  wait: 'wait',
  second: 'second',
};

function toneOf(index: number, { lines }: ChartProps, colour: Colours): string {
  return colour(TONES[lines[index - 1]?.tone ?? 'accent']);
}

/** A canvas knows no custom properties: what they come to here is read off a probe. */
function coloursIn(box: HTMLElement): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  box.append(probe);
  const known = new Map<string, string>();
  const names = ['muted', 'grid', 'card', ...Object.values(TONES)];
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    known.set(name, getComputedStyle(probe).color);
  }
  probe.remove();
  return (name, alpha) => {
    const solid = known.get(name) ?? 'currentColor';
    return alpha === undefined ? solid : solid.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
  };
}
