import { createHash } from 'node:crypto';

/**
 * Tree hashes as in RFC 6962 section 2.1: a leaf and a node begin with different bytes, so that nobody can
 * pass two hashes off as a chunk.
 */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** 64 hexadecimal digits. */
export function leafHash(chunk: Uint8Array): string {
  return createHash('sha256').update(LEAF).update(chunk).digest('hex');
}

/**
 * Merkle tree hash of a list of leaf hashes, as 64 hexadecimal digits.
 * @param leaves at least one, each 64 hexadecimal digits.
 */
export function rootOf(leaves: readonly string[]): string {
  let level = leaves;
  while (level.length > 1) level = parents(level);
  return level[0] ?? '';
}

/** A node without a sibling goes up as it is: so the left part is the largest full tree, as the RFC has it. */
function parents(level: readonly string[]): string[] {
  const above: string[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const [left = '', right] = level.slice(at, at + 2);
    above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}

const nodeHash = (left: string, right: string) =>
  createHash('sha256').update(NODE).update(left, 'hex').update(right, 'hex').digest('hex');
