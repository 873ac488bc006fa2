import type { Phase } from '../../contract/progress.ts';
import { formatBytes, formatDuration } from '../../contract/units.ts';
import { table } from '../table.ts';
import type { Finished } from './parts.ts';

const MOST = 10;
/** Parts that took less say nothing about where the time went. */
const LEAST_MS = 500;

const verbs: Record<Phase, string> = {
  stage: 'done',
  download: 'downloaded',
  compile: 'compiled',
  assemble: 'assembled',
  write: 'written',
  check: 'checked',
};

const madeText = (count: number) => `${count} part${count === 1 ? '' : 's'} made`;

/** What a build of several parts came to: total, how much the cache had, and what took longest. Else nothing. */
export function summaryText(finished: readonly Finished[], tookMs: number): string {
  const parts = finished.filter(({ phase }) => phase !== 'stage');
  if (parts.length === finished.length || parts.length === 0) return '';
  const cached = parts.filter((part) => part.cached).length;
  const bytes = parts
    .filter(({ phase }) => phase === 'download')
    .reduce((sum, part) => sum + (part.bytes ?? 0), 0);
  const facts = [
    madeText(parts.length - cached),
    `${cached} from the cache`,
    ...(bytes > 0 ? [`${formatBytes(bytes)} downloaded`] : []),
  ];
  const slowest = parts
    .filter((part) => part.tookMs >= LEAST_MS)
    .toSorted((a, b) => b.tookMs - a.tookMs)
    .slice(0, MOST)
    .map(({ title, phase, tookMs: took, bytes: size, cached: had }) => [
      `  ${title}`,
      had ? 'from the cache' : verbs[phase ?? 'stage'],
      formatDuration(took),
      size === undefined || size === 0 ? '' : formatBytes(size),
    ]);
  const rows = slowest.length === 0 ? '' : `${table([['  slowest', '', 'time', 'size'], ...slowest])}\n`;
  return `${rows}${formatDuration(tookMs)} in all: ${facts.join(', ')}\n`;
}
