import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assembleParts } from '../../../builder/volumes/assemble.ts';
import { splitMedium } from '../../../builder/volumes/split.ts';
import { verifyParts } from '../../../builder/volumes/verify.ts';
import { chunkBytes } from '../../../contract/chunk-index.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import {
  damage,
  sha256,
  signIndex,
  splitInto,
  type TinyMedium,
  tinyMedium,
} from '../../support/tiny-medium.ts';

const NAME = 'harbour.tar.zst';
const root = await mkdtemp(join(tmpdir(), 'cpiab-assemble-'));
let original: TinyMedium;
beforeAll(async () => {
  original = await tinyMedium(root, 'media', 10.4 * chunkBytes);
});
afterAll(() => rm(root, { recursive: true }));

const path = freshDirectory();
let medium: TinyMedium;
beforeEach(async () => {
  for (const folder of ['media', 'keys']) await cp(join(root, folder), path(folder), { recursive: true });
  medium = { ...original, path: path('media', NAME) };
});

const host = () => ({ signal: new AbortController().signal, progress: () => {}, key: medium.key });
const assemble = async (out: string, ...from: string[]) => await assembleParts(from, path(out), host());
const exists = async (file: string) => (await stat(file).catch(() => null)) !== null;

describe('volumes put together', () => {
  test('are the medium to the byte, by cpiab and by cat', async () => {
    const volumes = await splitInto(medium, path('set'), 4);
    expect((await stat(volumes[2] ?? '')).size).toBeLessThan(4 * chunkBytes);
    const { path: made, digest } = await assemble('out', path('set'));
    await run(['cmp', made, medium.path]);
    expect(digest).toBe(`sha256:${await sha256(medium.path)}`);
    await run(['sh', '-c', `cat '${path('set')}'/*-of-003 | cmp - '${medium.path}'`]);
    await verifyParts([path('out')], host());
  });

  test('may come one stick after another, in any order', async () => {
    const volumes = await splitInto(medium, path('set'), 4);
    await mkdir(path('away'));
    const away = (volume: string) => join(path('away'), volume.slice(path('set').length));
    for (const volume of volumes) await rename(volume, away(volume));
    for (const [turn, volume] of volumes.toReversed().entries()) {
      await rename(away(volume), volume);
      if (turn === 2) break;
      expect((await refusal(assemble('out', path('set')))).code).toBe('E2404');
      await rename(volume, away(volume));
      expect(await exists(join(path('out'), NAME))).toBe(false);
    }
    expect((await assemble('out', path('set'))).copied).toBe(4 * chunkBytes);
    await run(['cmp', join(path('out'), NAME), medium.path]);
  });

  test('serve although damaged, when another copy is given', async () => {
    const [first = ''] = await splitInto(medium, path('set'), 4);
    await damage(first, 10);
    expect((await refusal(assemble('out', path('set')))).code).toBe('E2408');
    await splitInto(medium, path('finer'), 3);
    await assemble('out', path('set'), path('finer'));
    await run(['cmp', join(path('out'), NAME), medium.path]);
  });

  test('write over nothing, and are of one medium', async () => {
    const volumes = await splitInto(medium, path('set'), 4);
    await mkdir(path('out'));
    await writeFile(join(path('out'), NAME), 'mine');
    expect((await refusal(assemble('out', ...volumes))).code).toBe('E1017');
    expect(await readFile(join(path('out'), NAME), 'utf8')).toBe('mine');
    await writeFile(path('set', 'other.iso.001-of-001'), 'x');
    expect((await refusal(assemble('new', path('set')))).code).toBe('E1010');
  });
});

describe('a split', () => {
  const split = async (limit: number, only?: number) =>
    await splitMedium({ path: medium.path, signed: medium.signed, limit, out: path('set'), only }, host());

  test('that is done again writes nothing', async () => {
    await split(4 * chunkBytes);
    expect((await split(4 * chunkBytes)).map(({ copied }) => copied)).toEqual([0, 0, 0]);
  });

  test('may write one volume alone', async () => {
    const volumes = await split(4 * chunkBytes, 3);
    expect(volumes.map((volume) => volume.path)).toEqual([path('set', `${NAME}.003-of-003`)]);
    await verifyParts([path('set', `${NAME}.003-of-003`)], host());
    expect((await refusal(split(4 * chunkBytes, 4))).code).toBe('E1010');
  });

  test('of a damaged medium ends at the damage, and names no bad volume', async () => {
    await damage(medium.path, 5 * chunkBytes);
    expect((await refusal(split(4 * chunkBytes))).code).toBe('E2408');
    expect(await exists(path('set', `${NAME}.001-of-003`))).toBe(true);
    expect(await exists(path('set', `${NAME}.002-of-003`))).toBe(false);
  });

  test('does not mix two builds in one directory', async () => {
    await split(4 * chunkBytes);
    await damage(medium.path, 100);
    medium = { ...medium, ...(await signIndex(path(), medium.path)) };
    expect((await refusal(split(4 * chunkBytes))).code).toBe('E1017');
  });

  test('fits onto FAT sticks that are too small for the medium', async () => {
    const volumes = await splitInto(medium, path('set'), 4);
    const index = ['', '.minisig'].map((suffix) => path('set', `${NAME}.chunks.json${suffix}`));
    const [stick, back] = [path('stick.img'), path('back')];
    await mkdir(back);
    const mtools = async (program: string, ...args: string[]) => await run([program, '-i', stick, ...args]);
    for (const volume of volumes) {
      await rm(stick, { force: true });
      // 5 MiB of FAT: 10240 sectors.
      await mtools('mformat', '-C', '-T', '10240', '-h', '16', '-s', '32', '::');
      const tooMuch = (await mtools('mcopy', medium.path, '::').catch(
        (error: unknown) => error,
      )) as ProcessError;
      expect(tooMuch.stderr).toMatch(/full/i);
      await mtools('mformat', '-T', '10240', '-h', '16', '-s', '32', '::');
      await mtools('mcopy', volume, ...index, '::');
      await mtools('mcopy', '-n', '-o', '::*', back);
      await verifyParts([join(back, volume.slice(path('set').length))], host());
    }
    await assemble('out', back);
    await run(['cmp', join(path('out'), NAME), medium.path]);
  });
});
