import { stripVTControlCharacters, styleText } from 'node:util';
import type { Step } from '../../contract/status.ts';
import { type TimelineRow, type TimelineSource, timelineEnd, timelineRows } from '../../contract/timeline.ts';
import { formatDuration } from '../../contract/units.ts';

/** From one eighth of a cell to a whole one. */
const EIGHTHS = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const NAME = 9;
const TOOK = 18;
const LEAST_BAR = 10;

const colours: Record<Step['state'], 'green' | 'cyan' | 'red' | 'gray'> = {
  done: 'green',
  running: 'cyan',
  failed: 'red',
  waiting: 'gray',
  skipped: 'gray',
};

/**
 * The boot as bars on one time axis, then what each step says.
 * @param columns width of the terminal.
 * @param stream whose colours count; none, none.
 */
export function timelineBars(source: TimelineSource, columns: number, stream?: NodeJS.WriteStream): string {
  const rows = timelineRows(source);
  const end = timelineEnd(rows);
  const cells = Math.max(LEAST_BAR, Math.min(columns, 120) - NAME - TOOK);
  const paint = (row: TimelineRow, text: string) =>
    stream === undefined ? text : styleText(colours[row.state], text, { stream });
  const bars = rows.map((row) => {
    const drawn = row.fromMs === null ? '' : bar(row.fromMs / end, (row.toMs ?? 0) / end, cells);
    const note = row.state === 'failed' ? `${row.took} failed` : row.took;
    return `${row.name.padEnd(NAME)}${paint(row, drawn.padEnd(cells))} ${note}`.trimEnd();
  });
  return [
    ...bars,
    `${' '.repeat(NAME)}0${formatDuration(end).padStart(cells - 1)}`,
    '',
    details(source),
  ].join('\n');
}

/** A bar from and to parts of the whole; one that is too short to see has the thinnest stroke. */
function bar(from: number, to: number, cells: number): string {
  const start = Math.min(cells - 1, Math.floor(from * cells));
  const eighths = Math.max(1, Math.round((to * cells - start) * 8));
  const rest = eighths % 8;
  return ' '.repeat(start) + '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : EIGHTHS[rest - 1]);
}

function details({ steps }: TimelineSource): string {
  return steps
    .filter(({ detail }) => detail !== '')
    .map(({ name, state, detail }) => `${name.padEnd(NAME)}${state}: ${stripVTControlCharacters(detail)}`)
    .join('\n');
}
