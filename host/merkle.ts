import { createHash } from 'node:crypto';

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
const hash = (...parts: Uint8Array[]) => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest();
};

/**
 * The tree of a log that only grows, kept as the roots of its complete subtrees: as many as the
 * size has one bits. Source: RFC 6962 section 2.1.
 */
export class MerkleTree {
  #size = 0;
  /** Largest subtree first. */
  readonly #peaks: { leaves: number; root: Buffer }[] = [];

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let fresh = { leaves: 1, root: hash(LEAF, leaf) };
    for (let last = this.#peaks.at(-1); last?.leaves === fresh.leaves; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      fresh = { leaves: 2 * fresh.leaves, root: hash(NODE, last.root, fresh.root) };
    }
    this.#peaks.push(fresh);
    this.#size += 1;
  }

  /** Hash of the whole tree, 32 bytes; that of nothing for an empty one. */
  root(): Buffer {
    const roots = this.#peaks.map(({ root }) => root);
    return roots.length === 0 ? hash() : roots.reduceRight((right, left) => hash(NODE, left, right));
  }
}
