import { createHash } from 'node:crypto';

/** A leaf and a node begin with different bytes, so that nobody can pass two hashes off as a leaf. */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
const hash = (...parts: Uint8Array[]) => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest();
};

/** Hash of a node over the hashes of the two below it, 32 bytes each. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => hash(NODE, left, right);

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

  /** One that grows on its own from here. */
  copy(): MerkleTree {
    const other = new MerkleTree();
    other.#size = this.#size;
    other.#peaks.push(...this.#peaks);
    return other;
  }

  append(leaf: Uint8Array): void {
    this.appendHash(hash(LEAF, leaf));
  }

  /** @param leaf what `leafHash` gives, 32 bytes. */
  appendHash(leaf: Buffer): void {
    let fresh = { leaves: 1, root: leaf };
    for (let last = this.#peaks.at(-1); last?.leaves === fresh.leaves; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      fresh = { leaves: 2 * fresh.leaves, root: nodeHash(last.root, fresh.root) };
    }
    this.#peaks.push(fresh);
    this.#size += 1;
  }

  /** Hash of the whole tree, 32 bytes; that of nothing for an empty one. */
  root(): Buffer {
    const roots = this.#peaks.map(({ root }) => root);
    return roots.length === 0 ? hash() : roots.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** Hash of a leaf, 64 hexadecimal digits. */
export const leafHash = (leaf: Uint8Array): string => hash(LEAF, leaf).toString('hex');

/** Root of a tree over leaf hashes, each and itself 64 hexadecimal digits. */
export function rootOf(leaves: Iterable<string>): string {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.appendHash(Buffer.from(leaf, 'hex'));
  return tree.root().toString('hex');
}
