import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodePublicKey, generateSiteKey, signPrehashed } from '../../../../builder/bundle/minisign.ts';
import {
  readIsoSeal,
  readTarballSeal,
  type Sealed,
  sealIso,
  tarballSeal,
} from '../../../../builder/image/seal.ts';
import { parsePublicKey, verifyHash } from '../../../../host/minisign.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const key = generateSiteKey();
const publicKey = parsePublicKey(encodePublicKey(key));
const sign = (hash: Buffer) => signPrehashed(hash, key, 'file=x sequence=7');
const SIZE = 100_000;
/** Application Use of the primary volume descriptor. Source: ECMA-119 section 8.4.32. */
const FIELD = 16 * 2048 + 883;

const forms = {
  iso: {
    make: async (path: string) => {
      await writeFile(path, randomBytes(SIZE));
      await sealIso(path, sign, signal);
    },
    read: readIsoSeal,
  },
  tarball: {
    make: async (path: string) => {
      await writeFile(path, zstdCompressSync(randomBytes(SIZE)));
      await appendFile(path, await tarballSeal(path, sign, signal));
    },
    read: readTarballSeal,
  },
} as const;

/** Whether the seal holds; false too when there is none any more. */
async function holds(read: (path: string, abort: AbortSignal) => Promise<Sealed>): Promise<boolean> {
  const sealed = await read(here('changed'), signal).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'E2107', exit: 3 });
    return null;
  });
  return sealed !== null && verifyHash(sealed.hash, sealed.signature, publicKey);
}

describe.each(Object.entries(forms))('the seal of an %s', (_, { make, read }) => {
  let size = 0;
  beforeEach(async () => {
    await make(here('whole'));
    size = (await readFile(here('whole'))).length;
    await copyFile(here('whole'), here('changed'));
  });

  test('holds on what was sealed', async () => {
    expect(await holds(read)).toBe(true);
  });

  test('sees one flipped bit anywhere: content, signature, padding, first and last byte', async () => {
    const bytes = await readFile(here('whole'));
    const places = [
      0,
      1,
      FIELD - 1,
      FIELD + 60,
      FIELD + 120,
      FIELD + 500,
      FIELD + 511,
      FIELD + 512,
      size - 521,
    ];
    for (const place of [...places, size - 520, size - 514, size - 400, size - 100, size - 2, size - 1]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ 0x10, place);
      await writeFile(here('changed'), changed);
      // The untrusted comment is the one text that no signature covers: verifyMedium compares it.
      const sealed = await read(here('changed'), signal).catch(() => null);
      const untrusted =
        sealed?.signature.split('\n')[0] !== (await read(here('whole'), signal)).signature.split('\n')[0];
      expect(untrusted || !(await holds(read)), `byte ${place}`).toBe(true);
    }
  });

  test.each([1, 100, 520, 521, 60_000])('sees %i bytes missing at the end', async (missing) => {
    await truncate(here('changed'), size - missing);
    expect(await holds(read)).toBe(false);
  });

  test('sees bytes added at the end', async () => {
    await appendFile(here('changed'), 'x');
    expect(await holds(read)).toBe(false);
  });
});

describe('without a seal', () => {
  test.each([0, 3, 8, 600, SIZE])('a file of %i zeros is refused as iso and as tarball', async (size) => {
    await writeFile(here('none'), Buffer.alloc(size));
    expect(await refusal(readIsoSeal(here('none'), signal))).toMatchObject({ code: 'E2107' });
    expect(await refusal(readTarballSeal(here('none'), signal))).toMatchObject({ code: 'E2107' });
  });

  test('a signature that no text ends is refused', async () => {
    await writeFile(here('full'), Buffer.alloc(SIZE, 'x'));
    const sealed = await readIsoSeal(here('full'), signal);
    expect(verifyHash(sealed.hash, sealed.signature, publicKey)).toBe(false);
  });
});

test('a sealed tarball is still what any Zstandard decoder reads', async () => {
  const content = randomBytes(SIZE);
  await writeFile(here('t'), zstdCompressSync(content));
  await appendFile(here('t'), await tarballSeal(here('t'), sign, signal));
  expect(zstdDecompressSync(await readFile(here('t'))).equals(content)).toBe(true);
});

test('sealing is the same each time', async () => {
  const content = randomBytes(SIZE);
  for (const name of ['one', 'two']) {
    await writeFile(here(name), content);
    await sealIso(here(name), sign, signal);
  }
  expect((await readFile(here('one'))).equals(await readFile(here('two')))).toBe(true);
});

test('a signature too long for the field is an error, and the file stays as it was', async () => {
  const content = randomBytes(SIZE);
  await writeFile(here('iso'), content);
  const long = (hash: Buffer) => signPrehashed(hash, key, 'x'.repeat(300));
  await expect(sealIso(here('iso'), long, signal)).rejects.toThrow('at most 512 fit');
  expect((await readFile(here('iso'))).equals(content)).toBe(true);
});
