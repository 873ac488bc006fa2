import { formatBytes, formatDuration, formatRough } from '../../contract/units.ts';
import { amount, joined } from './lines.ts';
import type { Parts, Running } from './parts.ts';

export interface Size {
  columns: number;
  rows: number;
}

/** A column; where the terminal is narrow, those with the highest `drop` go first. */
interface Column {
  heading: string;
  drop: number;
  cell(part: Running): string;
}

const COLUMNS: readonly Column[] = [
  { heading: 'doing', drop: 2, cell: ({ phase }) => phase ?? '' },
  { heading: 'bytes', drop: 3, cell: ({ bytes, total }) => amount(bytes, total) ?? '' },
  { heading: 'rate', drop: 4, cell: ({ rate }) => (rate === undefined ? '' : `${formatBytes(rate)}/s`) },
  {
    heading: 'left',
    drop: 1,
    cell: ({ leftMs }) => (leftMs === undefined ? '' : `~${formatRough(leftMs)}`),
  },
  { heading: 'elapsed', drop: 0, cell: ({ elapsedMs }) => whole(elapsedMs) },
];

/** What a title needs at least, in characters. */
const NARROWEST = 24;
const GAP = 2;

/** What is said of everything. */
export interface Overall {
  spinner: string;
  elapsedMs: number;
  /** Of the whole, as it was estimated before the work. */
  leftMs?: number | undefined;
  /** The person wants to stop. */
  stopping?: boolean;
}

/** The picture of one moment: a line about everything, then what runs now. It fits the terminal. */
export function frame(parts: Parts, overall: Overall, { columns, rows }: Size): string[] {
  // The last column stays free: a terminal that writes there may wrap.
  const width = columns - 1;
  const running = parts.running().filter(({ phase }) => phase !== 'stage');
  const most = Math.max(1, rows - 4);
  const hidden = running.length - most;
  const shown = hidden > 0 ? running.slice(0, most - 1) : running;
  const more = hidden > 0 ? [`and ${hidden + 1} more`] : [];
  return [header(parts, overall, width), ...tableOf(shown, width), ...more].map((line) => cut(line, width));
}

function header(parts: Parts, { spinner, elapsedMs, leftMs, stopping = false }: Overall, width: number) {
  const stage = parts.running().find(({ phase }) => phase === 'stage')?.title;
  const done = parts.finished.filter(({ phase }) => phase !== 'stage');
  const cached = done.filter((part) => part.cached).length;
  const counts = [
    done.length > cached ? `${done.length - cached} done` : '',
    cached > 0 ? `${cached} from the cache` : '',
  ];
  const facts = joined(
    counts.filter((text) => text !== '').join(', '),
    whole(elapsedMs),
    leftMs !== undefined && leftMs > 0 ? `~${formatRough(leftMs)} left` : undefined,
  );
  const state = stopping ? 'stopping' : (stage ?? '');
  const full = `${spinner} ${joined(state, facts)}`;
  // Where it is narrow a stage's name has to do.
  return full.length <= width ? full : `${spinner} ${joined(state.split(':')[0], facts)}`;
}

function tableOf(running: Running[], width: number): string[] {
  if (running.length === 0) return [];
  const filled = COLUMNS.filter(({ cell }) => running.some((part) => cell(part) !== ''));
  const { chosen, widths, title } = fitting(filled, running, width);
  const row = (name: string, cells: string[]) =>
    [cut(name, title).padEnd(title), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))]
      .join(' '.repeat(GAP))
      .trimEnd();
  const heading = row(
    '  artifact',
    chosen.map((column) => column.heading),
  );
  return [
    heading,
    ...running.map((part) =>
      row(
        `  ${part.title}`,
        chosen.map(({ cell }) => cell(part)),
      ),
    ),
  ];
}

/** The columns that leave room for titles. */
function fitting(columns: readonly Column[], running: Running[], width: number) {
  const widths = columns.map(({ heading, cell }) =>
    Math.max(heading.length, ...running.map((part) => cell(part).length)),
  );
  const longest = Math.max(...running.map(({ title }) => title.length + GAP));
  const title = width - widths.reduce((sum, one) => sum + one + GAP, 0);
  if (title < Math.min(NARROWEST, longest) && columns.length > 1) {
    const worst = Math.max(...columns.map(({ drop }) => drop));
    return fitting(
      columns.filter(({ drop }) => drop !== worst),
      running,
      width,
    );
  }
  return { chosen: columns, widths, title: Math.max(1, Math.min(title, Math.max(longest, NARROWEST))) };
}

/** Tenths of a second would only flicker. */
const whole = (milliseconds: number) =>
  formatDuration(Math.floor(milliseconds / 1000) * 1000).replace('.0 s', ' s');

const cut = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
