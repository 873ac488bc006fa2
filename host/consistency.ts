import { nodeHash } from './merkle.ts';

const HASH_BYTES = 32;

/** Every complete subtree of a log, by its height: 64 bytes for each entry, so that a proof costs some hashes. */
export class SubtreeHashes {
  /** Roots of the subtrees of 2^height leaves, one after the other. */
  readonly #levels: { bytes: Buffer; count: number }[] = [];

  /** @param leaf hash of the next leaf, 32 bytes. */
  append(leaf: Buffer): void {
    for (let [height, hash] = [0, leaf]; ; height++) {
      const level = this.#push(height, hash);
      if (level.count % 2 === 1) return;
      hash = nodeHash(at(level.bytes, level.count - 2), hash);
    }
  }

  /**
   * What leads from the tree of the first `from` entries to that of the first `to`. Source: RFC 6962 section 2.1.2.
   * @returns hashes; none when the two are one tree, or the first is empty.
   */
  proof(from: number, to: number): Buffer[] {
    return from === 0 || from === to ? [] : this.#subproof(from, 0, to, true);
  }

  /** @param known whether the tree that is proven from is the one whose root is known. */
  #subproof(from: number, start: number, end: number, known: boolean): Buffer[] {
    if (from === end - start) return known ? [] : [this.#root(start, end)];
    const split = largestPowerBelow(end - start);
    if (from <= split)
      return [...this.#subproof(from, start, start + split, known), this.#root(start + split, end)];
    return [...this.#subproof(from - split, start + split, end, false), this.#root(start, start + split)];
  }

  #root(start: number, end: number): Buffer {
    const size = end - start;
    const height = Math.log2(size);
    const level = this.#levels[height];
    if (Number.isInteger(height) && level !== undefined) return at(level.bytes, start / size);
    const split = start + largestPowerBelow(size);
    return nodeHash(this.#root(start, split), this.#root(split, end));
  }

  #push(height: number, hash: Buffer) {
    const level = this.#levels[height] ?? { bytes: Buffer.alloc(HASH_BYTES), count: 0 };
    this.#levels[height] = level;
    if (level.bytes.length === level.count * HASH_BYTES)
      level.bytes = Buffer.concat([level.bytes, Buffer.alloc(level.bytes.length)]);
    hash.copy(level.bytes, level.count * HASH_BYTES);
    level.count += 1;
    return level;
  }
}

interface Head {
  size: number;
  /** 32 bytes. */
  root: Buffer;
}

/** Whether a log continues another, smaller one: rebuilds both roots from what `proof` gave. Source: RFC 6962 section 2.1.2. */
export function continues(first: Head, second: Head, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false;
  if (first.size === 0) return proof.length === 0;
  const left = [...proof];
  const roots = rebuilt(first, second.size, left);
  return roots !== null && left.length === 0 && roots[0].equals(first.root) && roots[1].equals(second.root);
}

/**
 * The roots of the first `known.size` leaves and of all `size`. @param known its root stands for the smallest subtree that
 * the proof leaves out; null when that one is not known. @param left what is left of the proof; what is used goes.
 */
function rebuilt(
  known: { size: number; root: Buffer | null },
  size: number,
  left: Buffer[],
): [Buffer, Buffer] | null {
  if (known.size === size) {
    const root = known.root ?? left.shift();
    return root === undefined ? null : [root, root];
  }
  const split = largestPowerBelow(size);
  const within = known.size <= split;
  const below = within
    ? rebuilt(known, split, left)
    : rebuilt({ size: known.size - split, root: null }, size - split, left);
  const beside = left.shift();
  if (below === null || beside === undefined) return null;
  const [old, all] = below;
  return within ? [old, nodeHash(all, beside)] : [nodeHash(beside, old), nodeHash(beside, all)];
}

const at = (bytes: Buffer, index: number) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);

function largestPowerBelow(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1);
}
