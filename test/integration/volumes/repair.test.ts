import {
  appendFile,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { repairParts } from '../../../builder/volumes/repair.ts';
import { verifyParts } from '../../../builder/volumes/verify.ts';
import { chunkBytes } from '../../../contract/chunk-index.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { damage, sha256, splitInto, type TinyMedium, tinyMedium } from '../../support/tiny-medium.ts';

const NAME = 'harbour.tar.zst';
const root = await mkdtemp(join(tmpdir(), 'cpiab-repair-'));
let original: TinyMedium;
beforeAll(async () => {
  original = await tinyMedium(root, 'media', 10.4 * chunkBytes);
  await splitInto(original, join(root, 'set'), 4);
  await splitInto(original, join(root, 'finer'), 2);
  const other = await tinyMedium(root, 'other', 10.4 * chunkBytes);
  await splitInto(other, join(root, 'other-set'), 4);
});
afterAll(() => rm(root, { recursive: true }));

const path = freshDirectory();
/** A copy of the medium and of its three volumes that each test may damage. */
let copy: string;
let volume: string;
beforeEach(async () => {
  for (const folder of ['media', 'set']) await cp(join(root, folder), path(folder), { recursive: true });
  copy = join(path('media'), NAME);
  volume = join(path('set'), `${NAME}.002-of-003`);
});

const host = () => ({ signal: new AbortController().signal, progress: () => {}, key: original.key });
const repair = async (target: string, ...from: string[]) => await repairParts(target, from, host());
const verify = async (...paths: string[]) => await verifyParts(paths, host());

/** Bytes that this process has given to write(2) and its like: `wchar` of proc(5). */
async function written(): Promise<number> {
  return Number(/^wchar: (\d+)$/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}

describe('repair copies only what is bad', () => {
  test('one chunk of a volume, and writes hardly a byte more', async () => {
    await damage(volume, chunkBytes + 7);
    const before = await written();
    const { files } = await repair(volume, original.path);
    expect((await written()) - before).toBeLessThan(chunkBytes + 100_000);
    expect(files).toEqual([{ path: volume, chunks: 4, bad: 1, copied: chunkBytes }]);
    await verify(path('set'));
  });

  test('nothing of a good copy', async () => {
    const { mtimeMs } = await stat(volume);
    const { files, indexes } = await repair(path('set'), original.path);
    expect(files.map(({ copied }) => copied)).toEqual([0, 0, 0]);
    expect(indexes).toEqual([]);
    expect((await stat(volume)).mtimeMs).toBe(mtimeMs);
  });

  test('a medium from volumes that were split in another way', async () => {
    await damage(copy, 3 * chunkBytes, 10 * chunkBytes + 5);
    const { files } = await repair(copy, join(root, 'finer'));
    expect(files[0]).toMatchObject({
      bad: 2,
      copied: chunkBytes + (original.signed.index.size % chunkBytes),
    });
    expect(await sha256(copy)).toBe(await sha256(original.path));
  });

  test('two damaged copies mend each other', async () => {
    await damage(copy, 0, 2 * chunkBytes);
    await damage(volume, 0, chunkBytes);
    await repair(path('set'), copy);
    await repair(copy, path('set'));
    await verify(path('set'), path('media'));
    expect(await sha256(copy)).toBe(await sha256(original.path));
  });

  test('a copy under another name serves as well', async () => {
    await damage(volume, 0);
    await copyFile(original.path, path('backup.bin'));
    await repair(volume, path('backup.bin'));
    await verify(path('set'));
  });

  test('what was cut off comes back, and what was added goes', async () => {
    await truncate(copy, 4.5 * chunkBytes);
    await appendFile(volume, Buffer.alloc(3 * chunkBytes));
    expect((await repair(copy, join(root, 'set'))).files[0]?.bad).toBe(7);
    expect((await repair(volume, original.path)).files[0]).toMatchObject({ bad: 0, copied: 0 });
    expect(await sha256(copy)).toBe(await sha256(original.path));
    await verify(path('set'));
  });

  test('a volume that is named and not there is made', async () => {
    await rm(volume);
    expect((await repair(path('set'), original.path)).files).toHaveLength(2);
    expect((await repair(volume, original.path)).files[0]).toMatchObject({ bad: 4, copied: 4 * chunkBytes });
    await verify(path('set'));
  });

  test('a lost or damaged index comes back from a source', async () => {
    const index = join(path('set'), `${NAME}.chunks.json`);
    await damage(index, 1000);
    await rm(`${index}.minisig`);
    expect((await repair(path('set'), original.path)).indexes).toEqual([index]);
    await verify(path('set'));
  });
});

describe('repair writes nothing that the signed index does not say', () => {
  test('where no source has a chunk good, that chunk stays and the others are mended', async () => {
    await damage(volume, 0, 2 * chunkBytes);
    await damage(copy, 4 * chunkBytes);
    const bad = (await readFile(volume)).subarray(0, chunkBytes);
    const refused = await refusal(repair(volume, copy));
    expect([refused.code, refused.message]).toEqual([
      'E2408',
      'no good copy was given of: chunk 1 of 4 (bytes 0 to 1048575)',
    ]);
    expect((await readFile(volume)).subarray(0, chunkBytes).equals(bad)).toBe(true);
    expect((await repair(volume, original.path)).files[0]).toMatchObject({ bad: 1 });
  });

  test('a file is no source for itself under another name', async () => {
    await damage(volume, 0);
    await link(volume, path('same'));
    await rename(path('same'), path(`${NAME}.002-of-003`));
    expect((await refusal(repair(volume, path(`${NAME}.002-of-003`)))).code).toBe('E2408');
  });

  test('a volume of another build is left alone', async () => {
    const foreign = join(root, 'other-set', `${NAME}.002-of-003`);
    await copyFile(foreign, volume);
    expect((await refusal(repair(volume, original.path))).code).toBe('E2405');
    expect((await readFile(volume)).equals(await readFile(foreign))).toBe(true);
  });

  test('a source of another build is refused', async () => {
    await damage(volume, 0);
    const before = await sha256(volume);
    expect((await refusal(repair(path('set'), join(root, 'other-set')))).code).toBe('E2407');
    expect(await sha256(volume)).toBe(before);
  });

  test('a swapped volume is to be renamed, not copied again', async () => {
    await copyFile(join(path('set'), `${NAME}.001-of-003`), volume);
    expect((await refusal(repair(volume, original.path))).code).toBe('E2406');
  });

  test('an index that nobody signed is worth nothing, however the data fits', async () => {
    await mkdir(path('bare'));
    await copyFile(volume, join(path('bare'), `${NAME}.002-of-003`));
    const index = join(path('bare'), `${NAME}.chunks.json`);
    await copyFile(join(path('set'), `${NAME}.chunks.json`), index);
    await writeFile(`${index}.minisig`, 'untrusted comment: none\n');
    await rm(join(path('media'), `${NAME}.chunks.json`));
    expect((await refusal(repair(path('bare'), copy))).exit).toBe(3);
  });
});
