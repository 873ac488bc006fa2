import { asMarkup } from './markup.ts';
import type { Step } from './status.ts';
import {
  type TimelineRow,
  type TimelineSource,
  timelineEnd,
  timelineRows,
  timelineSentence,
  timeMarks,
} from './timeline.ts';

const WIDTH = 800;
const LEFT = 92;
const RIGHT = 16;
const ROW = 34;
const BAR = 18;
const TOP = 12;
const SPAN = WIDTH - LEFT - RIGHT;
/** About so many units a label of this size takes for each letter; half of them wider. */
const LETTER = 7.4;
const MARKS = 8;

/**
 * Colours of the standalone picture; a page that takes it in has its own by the same class names.
 * Contrast is at least 4.5 to 1 for text and 3 to 1 for bars (WCAG 2.2, 1.4.3 and 1.4.11).
 */
const STYLE = `svg{font:13px system-ui,sans-serif}text{fill:#1b1f24}.mark{stroke:#d5dae0}.tick{fill:#57606a}.bar.done{fill:#2f6f62}.bar.kernel{fill:#8b949e}.bar.running{fill:#0b57d0}.bar.failed{fill:#b3261e}.bar.skipped{fill:#8b949e}.inside{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#e6e8eb}.mark{stroke:#31363d}.tick{fill:#a2abb5}.bar.done{fill:#6fc7b2}.bar.kernel{fill:#7d8590}.bar.running{fill:#8ab4f8}.bar.failed{fill:#ff8a80}.bar.skipped{fill:#7d8590}.inside{fill:#101214}}`;

/**
 * The boot as a picture: a bar for each step on one time axis, `width` by its rows. The same status
 * gives the same bytes. SVG 2, no scripts, nothing from elsewhere.
 */
export function timelineSvg(source: TimelineSource): string {
  const rows = timelineRows(source);
  const end = timelineEnd(rows);
  const height = TOP + rows.length * ROW + 26;
  const at = (ms: number) => round(LEFT + (ms / end) * SPAN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="timeline-title timeline-text">`,
    `<title id="timeline-title">Boot timeline of ${asMarkup(source.box.site)}</title>`,
    `<desc id="timeline-text">${asMarkup(timelineSentence(source))}</desc>`,
    `<style>${STYLE}</style>`,
    ...timeMarks(end, MARKS).map((ms) => mark(axisTime(ms, end), at(ms), TOP + rows.length * ROW)),
    ...rows.map((row, index) => drawRow(row, TOP + index * ROW, at)),
    '</svg>\n',
  ].join('\n');
}

function mark(time: string, x: number, bottom: number): string {
  const anchor = x > WIDTH - 3 * RIGHT ? 'end' : 'middle';
  return [
    `<line class="mark" x1="${x}" x2="${x}" y1="${TOP - 4}" y2="${bottom}"/>`,
    `<text class="tick" x="${x}" y="${bottom + 18}" text-anchor="${anchor}">${time}</text>`,
  ].join('\n');
}

function drawRow({ name, state, fromMs, toMs, took }: TimelineRow, y: number, at: (ms: number) => number) {
  const base = y + ROW / 2;
  const label = `<text class="name" x="${LEFT - 12}" y="${base + 4.5}" text-anchor="end">${asMarkup(name)}</text>`;
  if (fromMs === null || toMs === null) return label;
  const [left, right] = [at(fromMs), at(toMs)];
  const text = took + (notable[state] ?? '');
  // Beside the bar where there is room: to its right, else to its left, else on it.
  const fits = right + 8 + text.length * LETTER < WIDTH;
  const [x, anchor] = fits ? [right + 8, 'start'] : [left - 8, 'end'];
  const inside = !fits && left - 8 - text.length * LETTER < LEFT;
  const place = inside
    ? `class="inside" x="${right - 8}" text-anchor="end"`
    : `x="${x}" text-anchor="${anchor}"`;
  return [
    label,
    `<rect class="bar ${name === 'kernel' ? 'kernel' : state}" x="${left}" y="${base - BAR / 2}" width="${round(Math.max(2, right - left))}" height="${BAR}" rx="3"/>`,
    `<text ${place} y="${base + 4.5}">${asMarkup(text)}</text>`,
  ].join('\n');
}

/** States that the colour alone must not tell (WCAG 2.2, 1.4.1). */
const notable: Partial<Record<Step['state'], string>> = { failed: ', failed', skipped: ', skipped' };

/** All marks of an axis in one unit: seconds, or `minutes:seconds`. */
function axisTime(ms: number, end: number): string {
  const seconds = ms / 1000;
  if (end <= 180_000) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
