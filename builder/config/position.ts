import { type Document, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';

/** A place in a document: steps from its root, and whether the key or the value is meant. */
export interface Place {
  path: (string | number)[];
  at: 'key' | 'value';
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
