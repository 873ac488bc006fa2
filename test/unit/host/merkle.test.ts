import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { leafHash, MerkleTree, rootOf } from '../../../host/merkle.ts';

/** Leaves and roots that Certificate Transparency's own implementations are tested with. */
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the root of nothing is the hash of nothing', () => {
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  expect(new MerkleTree().root().toString('hex')).toBe(empty);
});

test('each size has the root that RFC 6962 gives it', () => {
  const tree = new MerkleTree();
  const found = leaves.map((leaf) => {
    tree.append(Buffer.from(leaf, 'hex'));
    return tree.root().toString('hex');
  });
  expect(found).toEqual(roots);
  expect(tree.size).toBe(8);
});

describe('a tree over hashes', () => {
  test.each(roots.map((root, index) => [index + 1, root] as const))(
    'of %d leaves is that of RFC 6962',
    (count, root) => {
      expect(rootOf(leaves.slice(0, count).map((text) => leafHash(Buffer.from(text, 'hex'))))).toBe(root);
    },
  );

  test('is the definition of the RFC for every number of leaves up to 70', () => {
    const hashes = Array.from({ length: 70 }, (_, index) => leafHash(Buffer.from(String(index))));
    for (let count = 1; count <= hashes.length; count++) {
      const some = hashes.slice(0, count);
      expect(rootOf(some)).toBe(definition(some));
    }
  });

  test('takes no pair of hashes for a chunk', () => {
    const [left, right] = [leafHash(Buffer.from('left')), leafHash(Buffer.from('right'))];
    expect(leafHash(Buffer.from(left + right, 'hex'))).not.toBe(rootOf([left, right]));
  });
});

/** MTH of RFC 6962 section 2.1, word for word: split at the largest power of two below the count. */
function definition(hashes: string[]): string {
  if (hashes.length === 1) return hashes[0] ?? '';
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  const [left, right] = [definition(hashes.slice(0, split)), definition(hashes.slice(split))];
  return createHash('sha256')
    .update(Buffer.from(`01${left}${right}`, 'hex'))
    .digest('hex');
}
