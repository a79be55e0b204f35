// The charts: uPlot draws them, all with one time axis and one cursor. Colours come from the style
// sheet, so that light and dark are its business alone.

import uPlot from 'uplot';
import { type Point, point } from '../wire.ts';
import { byId, make } from './dom.ts';
import { byteRate, clock, milliseconds, shortNumber } from './text.ts';
import { colour } from './theme.ts';

interface Line {
  readonly label: string;
  readonly at: number;
  readonly colour: string;
}

interface ChartDef {
  readonly title: string;
  readonly hint: string;
  readonly format: (value: number) => string;
  readonly lines: readonly Line[];
  /** The axis shows at least so much. */
  readonly least: number;
}

const charts: readonly ChartDef[] = [
  {
    title: 'Requests',
    hint: 'requests a second, sessions in TCP mode',
    format: shortNumber,
    lines: [{ label: 'requests/s', at: point.requests, colour: '--line-1' }],
    least: 1,
  },
  {
    title: 'Errors',
    hint: 'answers by status; failed connections to servers and answers',
    format: shortNumber,
    lines: [
      { label: '4xx/s', at: point.clientErrors, colour: '--line-2' },
      { label: '5xx/s', at: point.serverErrors, colour: '--line-3' },
      { label: 'failed/s', at: point.failures, colour: '--line-4' },
    ],
    least: 1,
  },
  {
    title: 'Total time',
    hint: 'exchanges with servers, percentiles of ten seconds',
    format: milliseconds,
    lines: [
      { label: 'p50', at: point.p50, colour: '--line-1' },
      { label: 'p95', at: point.p95, colour: '--line-2' },
      { label: 'p99', at: point.p99, colour: '--line-3' },
    ],
    least: 1,
  },
  {
    title: 'Sessions',
    hint: 'open now',
    format: shortNumber,
    lines: [{ label: 'sessions', at: point.sessions, colour: '--line-1' }],
    least: 1,
  },
  {
    title: 'Queues',
    hint: 'requests that wait for a server now',
    format: shortNumber,
    lines: [{ label: 'queued', at: point.queue, colour: '--line-3' }],
    least: 1,
  },
  {
    title: 'Traffic',
    hint: 'bytes a second from and to clients',
    format: byteRate,
    lines: [
      { label: 'in', at: point.bytesIn, colour: '--line-2' },
      { label: 'out', at: point.bytesOut, colour: '--line-1' },
    ],
    least: 1000,
  },
];

const heightPx = 150;
const lowHeightPx = 120;
const narrowPx = 420;
const axisPx = 58;
const timeAxisPx = 28;
const fontOf = (): string => `11px ${getComputedStyle(document.body).fontFamily}`;

interface Drawn {
  readonly def: ChartDef;
  readonly frame: HTMLElement;
  readonly plot: uPlot;
}

export class Charts {
  private readonly drawn: readonly Drawn[];
  private minutes = 5;
  private history: readonly Point[] = [];

  constructor() {
    const place = byId('charts');
    this.drawn = charts.map((def) => {
      const frame = make('div', { class: 'plot', role: 'img' });
      const about = make('p', { class: 'hint' }, def.hint);
      const figure = make('figure', {}, make('figcaption', {}, def.title), about, frame);
      place.append(figure);
      return { def, frame, plot: new uPlot(optionsOf(def), emptyData(def), frame) };
    });
    new ResizeObserver(() => this.resize()).observe(place);
    this.resize();
  }

  show(minutes: number): void {
    this.minutes = minutes;
    this.draw(this.history);
  }

  draw(history: readonly Point[]): void {
    this.history = history;
    const last = Number(history.at(-1)?.[point.at] ?? Date.now() / 1000);
    const from = last - this.minutes * 60;
    const shown = history.filter((one) => Number(one[point.at]) >= from);
    const times = shown.map((one) => Number(one[point.at]));
    for (const { def, plot, frame } of this.drawn) {
      const values = def.lines.map(({ at }) => shown.map((one) => one[at] ?? null));
      plot.setData([times, ...values], false);
      plot.setScale('x', { min: from, max: last });
      // Without a cursor the legend tells the newest values.
      const { left } = plot.cursor;
      if (left === undefined || left < 0) plot.setLegend({ idx: times.length - 1 }, false);
      frame.setAttribute('aria-label', spoken(def, history.at(-1)));
    }
  }

  /** Colours are others now. */
  redraw(): void {
    for (const { plot } of this.drawn) plot.redraw(false, true);
  }

  private resize(): void {
    for (const { plot, frame } of this.drawn) {
      const width = Math.floor(frame.clientWidth);
      if (width > 0 && width !== plot.width)
        plot.setSize({ width, height: width < narrowPx ? lowHeightPx : heightPx });
    }
  }
}

/** Without seconds where all are whole minutes. */
function timeLabels(splits: readonly number[]): string[] {
  const length = splits.every((at) => at % 60 === 0) ? 5 : 8;
  return splits.map((at) => clock(at * 1000).slice(0, length));
}

const emptyData = (def: ChartDef): uPlot.AlignedData => [[], ...def.lines.map(() => [])];

function spoken({ title, lines, format }: ChartDef, last: Point | undefined): string {
  const values = lines.map(({ label, at }) => {
    const value = last?.[at];
    return `${label} ${value === null || value === undefined ? 'none' : format(value)}`;
  });
  return `${title}: ${values.join(', ')}`;
}

function optionsOf({ lines, format, least }: ChartDef): uPlot.Options {
  const axis = {
    stroke: () => colour('--soft'),
    grid: { stroke: () => colour('--grid'), width: 1 },
    ticks: { stroke: () => colour('--grid'), width: 1, size: 4 },
    font: fontOf(),
  };
  return {
    width: 300,
    height: heightPx,
    cursor: { sync: { key: 'hawser' }, drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: true },
    scales: {
      x: { time: true },
      y: { range: (_plot, _low, high) => [0, Math.max(least, (high ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        values: (_plot, splits) => timeLabels(splits),
        space: 50,
        size: timeAxisPx,
      },
      { ...axis, size: axisPx, values: (_plot, splits) => splits.map(format), space: 32 },
    ],
    series: [
      { label: 'time', value: (_plot, at) => (at === null ? '' : clock(at * 1000)) },
      ...lines.map(({ label, colour: name }, index) => ({
        label,
        stroke: () => colour(name),
        width: 1.5,
        ...(index === 0 && lines.length === 1 ? { fill: () => colour('--line-1-fill') } : {}),
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  };
}
