import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packPatch, packWhole, unpack } from '../../../../builder/cargo/chunk-file.ts';
import { ChunkNames } from '../../../../builder/cargo/names.ts';
import { chunkSizes } from '../../../../contract/chunk-sizes.ts';
import { AgeError, openAge, sealAge } from '../../../../host/age/age.ts';
import { makeIdentity, parseRecipient } from '../../../../host/age/keys.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const { identity, recipient, secret } = makeIdentity();
const to = [recipient, makeIdentity().recipient].map(parseRecipient).filter((one) => one !== null);
const base = randomBytes(chunkSizes.least);
const changed = Buffer.from(base);
changed.set(randomBytes(4096), 70_000);

/** With the programs that everybody has. */
function opened(file: Buffer, ...zstd: string[]): Buffer {
  writeFileSync(here('key'), secret);
  writeFileSync(here('chunk'), file);
  writeFileSync(here('base'), base);
  const packed = execFileSync('age', ['-d', '-i', here('key'), here('chunk')], { maxBuffer: 8 << 20 });
  return execFileSync('zstd', ['-dc', ...zstd], { input: packed, maxBuffer: 8 << 20 });
}

test.each([Buffer.of(), Buffer.alloc(100_000), base, randomBytes(chunkSizes.most)])(
  'a whole chunk is opened by its key alone, here and by age and zstd',
  (content) => {
    const file = sealAge(packWhole(content), to);
    expect(file.length).toBeLessThanOrEqual(content.length + chunkSizes.overhead);
    expect(unpack(openAge(file, [identity]), undefined).equals(content)).toBe(true);
    expect(opened(file).equals(content)).toBe(true);
    expect(() => openAge(file, [makeIdentity().identity])).toThrow(AgeError);
  },
);

test('a patch is as large as what has changed, and needs its base', () => {
  const patch = packPatch(changed, base) ?? Buffer.of();
  expect(patch.length).toBeLessThan(4096 + 300);
  expect(unpack(patch, base).equals(changed)).toBe(true);
  expect(opened(sealAge(patch, to), '-D', here('base')).equals(changed)).toBe(true);
  expect(() => unpack(patch, undefined)).toThrow();
  let other: Buffer = Buffer.of();
  try {
    other = unpack(patch, randomBytes(base.length));
  } catch {
    // What it copies may lie beyond the end.
  }
  expect(other.equals(changed)).toBe(false);
});

test('what has little in common with its base is no patch', () => {
  expect(packPatch(randomBytes(base.length), base)).toBeNull();
});

test('no chunk unpacks to more than one may have', () => {
  expect(() => unpack(packWhole(Buffer.alloc(chunkSizes.most + 1)), undefined)).toThrow();
});

test('names depend on content and key', () => {
  const [one, two] = [new ChunkNames(Buffer.alloc(32, 1)), new ChunkNames(Buffer.alloc(32, 2))];
  expect(one.of(base)).toBe(new ChunkNames(Buffer.alloc(32, 1)).of(Buffer.from(base)));
  expect(one.of(changed)).not.toBe(one.of(base));
  expect(two.of(base)).not.toBe(one.of(base));
});
