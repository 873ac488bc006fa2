import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { CpiabError } from '../errors.ts';
import type { Mistake, Place } from './mistakes.ts';

/** A document's text as it was read. */
export interface Source {
  document: Document;
  lines: LineCounter;
  /** The file's name in messages. */
  shown: string;
}

/** So many of a file's mistakes are told: who has more has the wrong file, or one mistake with many effects. */
export const MOST_MISTAKES = 20;
/** So many are looked up in the text, each by a walk through it. */
const MOST_PLACED = 5 * MOST_MISTAKES;

/** Mistakes in the order of the text, each with its subject `file:line:column path`. */
export function placed(mistakes: readonly Mistake[], source: Source): CpiabError[] {
  return mistakes
    .slice(0, MOST_PLACED)
    .map((mistake) => ({ mistake, at: positionOf(source.document, mistake) }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MOST_MISTAKES)
    .map(({ mistake, at }) => mistake.error(subjectOf(mistake, at, source)));
}

function subjectOf({ path }: Place, at: number, { lines, shown }: Source): string {
  const { line, col } = lines.linePos(at);
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return `${shown}:${line}:${col}${steps === '' ? '' : ` ${steps.replace(/^\./, '')}`}`;
}

/** Offset of a place in the document's text; of the nearest thing above it when it isn't there. */
export function positionOf(document: Document, { path, at }: Place): number {
  let node: unknown = document.contents;
  let position = offset(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const { key, value } = child(node, step);
    const last = index === path.length - 1;
    position = offset(last && at === 'key' ? (key ?? value) : value) ?? offset(key) ?? position;
    node = value;
  }
  return position;
}

function child(node: unknown, step: string | number): { key: unknown; value: unknown } {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return { key: pair?.key, value: pair?.value };
  }
  return { key: undefined, value: isSeq(node) ? node.items[Number(step)] : undefined };
}

const offset = (node: unknown): number | undefined => (isNode(node) ? (node as Node).range?.[0] : undefined);
