import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Chunker, gearOf } from '../../../../builder/cargo/chunker.ts';
import { chunkSizes } from '../../../../contract/chunk-sizes.ts';

const content = randomBytes(64 << 20);
const gear = gearOf(Buffer.alloc(32, 1));

function cut(bytes: Buffer, pieces: number, by = gear): Buffer[] {
  const chunker = new Chunker(by);
  const chunks: Buffer[] = [];
  let begun = 0;
  for (let at = 0; at < bytes.length; at += pieces) {
    const part = bytes.subarray(at, at + pieces);
    for (let end = chunker.end(part, 0); end !== null; end = chunker.end(part, end)) {
      chunks.push(bytes.subarray(begun, at + end));
      begun = at + end;
    }
  }
  return [...chunks, bytes.subarray(begun)];
}

const names = (chunks: Buffer[]) => chunks.map((chunk) => createHash('sha256').update(chunk).digest('hex'));

test('chunks together are the content, and have the sizes that they should', () => {
  const chunks = cut(content, 4 << 20);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  const sizes = chunks.map(({ length }) => length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(chunkSizes.most);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(chunkSizes.least);
  const usual = content.length / chunks.length;
  expect(usual).toBeGreaterThan(chunkSizes.least);
  expect(usual).toBeLessThan(chunkSizes.least + 2 * chunkSizes.over);
});

test('it makes no difference in which pieces the content comes', () => {
  expect(names(cut(content, 70_001))).toEqual(names(cut(content, 4 << 20)));
});

test('a byte more, and 1 % changed elsewhere, makes few new chunks', () => {
  const changed = Buffer.concat([content.subarray(0, 3 << 20), Buffer.of(1), content.subarray(3 << 20)]);
  changed.fill(7, 30 << 20, (30 << 20) + Math.round(content.length / 100));
  const known = new Set(names(cut(content, 4 << 20)));
  const fresh = cut(changed, 4 << 20).filter((chunk) => !known.has(names([chunk])[0] ?? ''));
  const bytes = fresh.reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeGreaterThan(0);
  // The change alone may be four chunks long.
  expect(bytes).toBeLessThan(content.length / 100 + 4 * chunkSizes.most);
});

test('another key cuts elsewhere', () => {
  const other = new Set(names(cut(content, 4 << 20, gearOf(Buffer.alloc(32, 2)))));
  expect(names(cut(content, 4 << 20)).filter((name) => other.has(name))).toEqual([]);
});
