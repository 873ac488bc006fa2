import type { BoxStatus, Step } from './status.ts';
import { formatDuration } from './units.ts';

/** One row of a boot's timeline. Times are milliseconds since power-on. */
export interface TimelineRow {
  name: string;
  state: Step['state'];
  /** Null for a step whose turn has not come. */
  fromMs: number | null;
  toMs: number | null;
  /** How long it took, or has taken so far. */
  took: string;
}

export type TimelineSource = Pick<BoxStatus, 'steps' | 'uptimeMs' | 'box' | 'phase'>;

/** The steps as spans, after the time before the first one: kernel and initramfs. */
export function timelineRows({ steps, uptimeMs }: TimelineSource): TimelineRow[] {
  const first = steps.find(({ startedMs }) => startedMs !== null)?.startedMs ?? uptimeMs;
  const before: TimelineRow = {
    name: 'kernel',
    state: 'done',
    fromMs: 0,
    toMs: first,
    took: formatDuration(first),
  };
  return [before, ...steps.map((step) => row(step, uptimeMs))];
}

function row({ name, state, startedMs, tookMs }: Step, nowMs: number): TimelineRow {
  if (startedMs === null) return { name, state, fromMs: null, toMs: null, took: '' };
  const running = tookMs === null || state === 'running';
  const toMs = running ? Math.max(nowMs, startedMs) : startedMs + tookMs;
  const took = formatDuration(toMs - startedMs);
  return { name, state, fromMs: startedMs, toMs, took: running ? `${took} so far` : took };
}

/** When the last step ended, or how far the boot is. */
export function timelineEnd(rows: readonly TimelineRow[]): number {
  return Math.max(1, ...rows.map(({ toMs }) => toMs ?? 0));
}

const SECOND = 1000;
const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600].map((seconds) => seconds * SECOND);

/** Marks of a time axis from 0: round numbers, at most `most` of them. */
export function timeMarks(endMs: number, most: number): number[] {
  const largest = 3600 * SECOND;
  const step = STEPS.find((each) => endMs / each <= most) ?? Math.ceil(endMs / most / largest) * largest;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
}

/** The timeline in one sentence, for who can't see it. */
export function timelineSentence(source: TimelineSource): string {
  const parts = timelineRows(source).map(({ name, state, took }) =>
    took === '' ? `${name} ${state}` : `${name} ${state === 'done' ? '' : `${state}, `}${took}`,
  );
  return `Boot of ${source.box.site}: ${parts.join('; ')}.`;
}
