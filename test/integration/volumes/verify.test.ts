import {
  appendFile,
  copyFile,
  cp,
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
import { siteKeys } from '../../../builder/bundle/keys.ts';
import { signBytes } from '../../../builder/bundle/minisign.ts';
import { verifyParts } from '../../../builder/volumes/verify.ts';
import { chunkBytes } from '../../../contract/chunk-index.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { damage, splitInto, type TinyMedium, tinyMedium } from '../../support/tiny-medium.ts';

const root = await mkdtemp(join(tmpdir(), 'cpiab-volumes-'));
/** Four chunks each, the last shorter: the medium has a little more than ten. */
let original: TinyMedium;
beforeAll(async () => {
  original = await tinyMedium(root, 'media', 10.4 * chunkBytes);
  const other = await tinyMedium(root, 'other', 10.4 * chunkBytes);
  await splitInto(original, join(root, 'set'), 4);
  await splitInto(other, join(root, 'other-set'), 4);
});
afterAll(() => rm(root, { recursive: true }));

const path = freshDirectory();
let medium: TinyMedium;
let volumes: [string, string, string];
beforeEach(async () => {
  for (const folder of ['media', 'set', 'other-set', 'keys'])
    await cp(join(root, folder), path(folder), { recursive: true });
  medium = { ...original, path: join(path('media'), 'harbour.tar.zst') };
  volumes = [1, 2, 3].map((number) => `${path('set')}/harbour.tar.zst.00${number}-of-003`) as typeof volumes;
});

const host = () => ({ signal: new AbortController().signal, progress: () => {}, key: medium.key });
const verify = async (...paths: string[]) => await verifyParts(paths, host());
/** Code and message of each thing that is wrong. */
async function wrong(...paths: string[]): Promise<string[]> {
  const error = await refusal(verify(...paths));
  expect(error.exit).toBe(3);
  return [error, ...error.others].map(({ code, subject, message }) => `${code} ${subject}: ${message}`);
}
const index = (folder: string) => join(folder, 'harbour.tar.zst.chunks.json');

describe('a set of volumes', () => {
  test('is good as it was split', async () => {
    const [found] = await verify(path('set'));
    expect(found?.files.map((file) => file.path)).toEqual(volumes);
    expect(found).toMatchObject({
      missing: [],
      root: medium.signed.index.root,
      bytes: medium.signed.index.size,
    });
  });

  test('is good on three sticks, each with its own index', async () => {
    for (const [at, volume] of volumes.entries()) {
      await mkdir(path(`stick${at}`));
      for (const file of [volume, index(path('set')), `${index(path('set'))}.minisig`])
        await copyFile(file, join(path(`stick${at}`), file.slice(path('set').length)));
    }
    expect(await verify(path('stick0'), path('stick1'), path('stick2'))).toHaveLength(1);
    expect(await wrong(path('stick0'), path('stick2'))).toEqual([
      'E2404 harbour.tar.zst: missing: harbour.tar.zst.002-of-003',
    ]);
  });

  test('one volume is checked alone', async () => {
    await rm(volumes[0]);
    const [found] = await verify(volumes[1]);
    expect(found?.missing).toEqual(['harbour.tar.zst.001-of-003', 'harbour.tar.zst.003-of-003']);
  });

  test('its index is signed for minisign too', async () => {
    await run(['minisign', '-V', '-m', index(path('set')), '-p', medium.key]);
  });
});

describe('damage is named', () => {
  test('each chunk with its number and bytes, neighbours together', async () => {
    await damage(volumes[1], 5, 2 * chunkBytes, 4 * chunkBytes - 1);
    expect(await wrong(path('set'))).toEqual([
      `E2403 ${volumes[1]}: does not match the signed index: chunk 1 of 4 (bytes 0 to 1048575), chunks 3 to 4 of 4 (bytes 2097152 to 4194303)`,
    ]);
  });

  test('in the short last chunk of a medium', async () => {
    const { size } = medium.signed.index;
    await damage(medium.path, size - 1);
    expect(await wrong(medium.path)).toEqual([
      `E2403 ${medium.path}: does not match the signed index: chunk 11 of 11 (bytes 10485760 to ${size - 1})`,
    ]);
  });

  test('a volume that was cut off', async () => {
    await truncate(volumes[0], 3 * chunkBytes + 5);
    expect(await wrong(path('set'))).toEqual([
      `E2403 ${volumes[0]}: does not match the signed index: it has 3145733 bytes instead of 4194304; chunk 4 of 4 (bytes 3145728 to 4194303)`,
    ]);
  });

  test('a volume with something behind it', async () => {
    await appendFile(volumes[2], 'x');
    const { size } = await stat(volumes[2]);
    expect(await wrong(volumes[2])).toEqual([
      `E2403 ${volumes[2]}: does not match the signed index: it has ${size} bytes instead of ${size - 1}`,
    ]);
  });

  test('volumes that were swapped, one of them damaged too', async () => {
    await rename(volumes[0], path('aside'));
    await rename(volumes[1], volumes[0]);
    await rename(path('aside'), volumes[1]);
    await damage(volumes[1], 0);
    expect(await wrong(path('set'))).toEqual([
      `E2406 ${volumes[0]}: holds what belongs into harbour.tar.zst.002-of-003`,
      `E2406 ${volumes[1]}: holds what belongs into harbour.tar.zst.001-of-003`,
    ]);
  });

  test('a volume of another build', async () => {
    await copyFile(join(path('other-set'), 'harbour.tar.zst.002-of-003'), volumes[1]);
    expect(await wrong(path('set'))).toEqual([
      `E2405 ${volumes[1]}: not a part of this medium: no chunk of it is in the index`,
    ]);
    expect(await wrong(path('set'), path('other-set'))).toEqual([
      `E2407 ${index(path('other-set'))}: is of another build than ${index(path('set'))}`,
    ]);
  });

  test('a volume that the medium has not', async () => {
    await copyFile(volumes[0], join(path('set'), 'harbour.tar.zst.001-of-009'));
    expect(await wrong(path('set'))).toEqual([
      `E2405 ${path('set')}/harbour.tar.zst.001-of-009: not a part of this medium: a medium of 11 chunks has no volume 1 of 9`,
    ]);
  });

  test('a volume of a medium that has no index here', async () => {
    await copyFile(volumes[0], join(path('set'), 'stranger.iso.001-of-002'));
    expect(await wrong(path('set'))).toEqual([
      `E2401 ${path('set')}: no signed index: stranger.iso.chunks.json.minisig is not there`,
    ]);
  });

  test('a directory that holds only an index, or nothing', async () => {
    for (const volume of volumes) await rm(volume);
    expect(await wrong(path('set'))).toEqual(['E2404 harbour.tar.zst: missing: harbour.tar.zst']);
    expect(await wrong(index(path('set')))).toEqual(['E2404 harbour.tar.zst: missing: harbour.tar.zst']);
    await mkdir(path('empty'));
    expect((await wrong(path('set'), path('empty')))[0]).toContain('E2401');
  });
});

describe('an index is used only', () => {
  test('with the right key', async () => {
    const { directory } = await siteKeys(path('others-keys'));
    const work = verifyParts([path('set')], { ...host(), key: join(directory, 'minisign.pub') });
    expect((await refusal(work)).code).toBe('E2102');
  });

  test.each(['.chunks.json', '.chunks.json.minisig'])('whole: one byte of %s changed', async (suffix) => {
    const file = join(path('set'), `harbour.tar.zst${suffix}`);
    const { size } = await stat(file);
    for (const position of [0, Math.floor(size / 2), size - 2]) {
      await damage(file, position);
      expect((await wrong(path('set')))[0]).toContain('E2101');
      await damage(file, position);
    }
    expect(await verify(path('set'))).toHaveLength(1);
  });

  test.each<[string, (document: Record<string, unknown>) => unknown, string]>([
    [
      'a way out of its folder',
      (document) => ({ ...document, medium: '../../etc/passwd' }),
      'medium: expected a file name',
    ],
    [
      'the name of another medium',
      (document) => ({ ...document, medium: 'other.iso' }),
      'it is one of other.iso',
    ],
    ['a size beyond its chunks', (document) => ({ ...document, size: 2 ** 50 }), 'chunks: expected as many'],
    ['a root of other chunks', (document) => ({ ...document, root: '0'.repeat(64) }), 'its root is not'],
    [
      'a table of volumes',
      (document) => ({ ...document, volumes: [{ name: 'a', first: 0 }] }),
      'Unrecognized key',
    ],
    ['no document', () => 'text', 'expected object'],
  ])('if it is one, even when it is signed: %s', async (_what, change, why) => {
    const { site } = await siteKeys(path('keys'));
    const file = index(path('set'));
    const text = JSON.stringify(change(JSON.parse(await readFile(file, 'utf8'))));
    await writeFile(file, text);
    await writeFile(`${file}.minisig`, signBytes(Buffer.from(text), site, 'evil'));
    const [first] = await wrong(path('set'));
    expect(first).toContain('E2402');
    expect(first).toContain(why);
  });

  test('when it is small enough to read', async () => {
    await truncate(index(path('set')), 200 << 20);
    expect((await wrong(path('set')))[0]).toContain('E2402');
  });
});
