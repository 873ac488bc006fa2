import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { continues, SubtreeHashes } from '../../../host/consistency.ts';
import { MerkleTree } from '../../../host/merkle.ts';

const MOST = 40;
const leaf = (index: number) => createHash('sha256').update(`leaf ${index}`).digest();

const heads = [{ size: 0, root: new MerkleTree().root() }];
const tree = new MerkleTree();
const subtrees = new SubtreeHashes();
for (let index = 0; index < MOST; index++) {
  tree.appendHash(leaf(index));
  subtrees.append(leaf(index));
  heads.push({ size: tree.size, root: tree.root() });
}

const pairs = heads.flatMap((from) =>
  heads.filter(({ size }) => size >= from.size).map((to) => [from, to] as const),
);

test('every tree is proven to continue every smaller one', () => {
  for (const [from, to] of pairs)
    expect([from.size, to.size, continues(from, to, subtrees.proof(from.size, to.size))]).toEqual([
      from.size,
      to.size,
      true,
    ]);
});

test('no proof leads from a tree with another leaf, nor survives a changed, missing or added hash', () => {
  for (const [from, to] of pairs.filter(([first, second]) => first.size > 0 && second.size > first.size)) {
    const proof = subtrees.proof(from.size, to.size);
    const other = { ...from, root: leaf(-1) };
    expect(continues(other, to, proof)).toBe(false);
    expect(continues(from, to, proof.slice(1))).toBe(false);
    expect(continues(from, to, [...proof, leaf(0)])).toBe(false);
    const changed = proof.with(0, leaf(-2));
    expect(continues(from, to, changed)).toBe(false);
  }
});

test('a smaller tree continues no larger one', () => {
  expect(continues({ size: 2, root: leaf(0) }, { size: 1, root: leaf(0) }, [])).toBe(false);
});
