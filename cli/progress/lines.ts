import { styleText } from 'node:util';
import type { Phase, ProgressEvent } from '../../contract/progress.ts';
import { formatBytes, formatDuration, formatRough } from '../../contract/units.ts';
import { driftTable } from '../drift-table.ts';
import { preflightText } from '../preflight-text.ts';
import type { PartEvent, Running } from './parts.ts';

/** Events whose text is printed for good. */
export type SaidEvent = Exclude<ProgressEvent, PartEvent>;
type EndEvent = Extract<PartEvent, { type: 'done' | 'skip' | 'fail' }>;

export const isSaid = (event: ProgressEvent): event is SaidEvent =>
  event.type === 'note' || event.type === 'drift' || event.type === 'preflight';

export const isEnd = (event: PartEvent): event is EndEvent =>
  event.type === 'done' || event.type === 'skip' || event.type === 'fail';

export function said(event: SaidEvent): string {
  if (event.type === 'note') return event.detail;
  return event.type === 'drift' ? driftTable(event.entries) : preflightText(event);
}

/** How a part ended. The cause of a stage's failure is told by the part in it, and at the very end. */
export function endLine(event: EndEvent, title: string, phase: Phase | undefined): string {
  if (event.type === 'skip') return `${styleText('dim', '-')} ${title}  skipped: ${event.detail}`;
  const took = formatDuration(event.tookMs);
  if (event.type === 'fail') {
    const why = phase === 'stage' ? undefined : event.detail.split('\n', 1)[0];
    return joined(`${styleText('red', '✖')} ${title}`, took, why);
  }
  const size = event.bytes === undefined || event.bytes === 0 ? undefined : formatBytes(event.bytes);
  const how = event.cached === true ? 'from the cache' : took;
  return joined(`${styleText('green', '✔')} ${title}`, how, size, event.detail);
}

/** What a part is doing, in one line of text. */
export function stateLine({ title, phase, bytes, total, rate, leftMs, elapsedMs }: Running): string {
  return joined(
    title,
    phase === 'stage' ? undefined : phase,
    amount(bytes, total),
    rate === undefined ? undefined : `${formatBytes(rate)}/s`,
    formatDuration(elapsedMs),
    leftMs === undefined ? undefined : `about ${formatRough(leftMs)} left`,
  );
}

/** Bytes done of those to do. */
export function amount(bytes: number | undefined, total: number | undefined): string | undefined {
  if (bytes === undefined) return total === undefined ? undefined : `of ${formatBytes(total)}`;
  return total === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`;
}

export const joined = (...facts: (string | undefined)[]) =>
  facts.filter((fact) => fact !== undefined && fact !== '').join('  ');
