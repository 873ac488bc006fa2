import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { settled } from '../../../contract/boot-slots.ts';
import { digestOf } from '../../../contract/manifest.ts';
import { sha256File } from '../../../host/files.ts';
import { makeDisk } from '../../support/box-disk.ts';
import { refusal } from '../../support/refusal.ts';
import { lockFor, tinyBundle } from '../../support/tiny-bundle.ts';
import { box, choice, path, push, unharmed } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

const { signal } = new AbortController();

describe('nothing is written to the other slot of', () => {
  async function refused(file: string, code: string, to = box.updater): Promise<void> {
    await push(to, file);
    expect(to.status).toMatchObject({ state: 'refused', reason: expect.stringContaining(`CPIAB-${code}`) });
    expect(await readdir(path('disk', 'b'))).toEqual([]);
    await unharmed();
  }

  test('a delta for another base', async () => {
    await refused(await deltaBetween(path(), box.two, box.three), 'E2301');
  });

  test('the version that runs', async () => {
    await refused(await tarballOf(box.one), 'E5302');
  });

  test('an older one than has run', async () => {
    await writeFile(path('disk', 'data', 'sequence'), '5\n');
    await refused(await tarballOf(box.two), 'E2110');
  });

  test('an expired one', async () => {
    const late = await box.disk.open('a', { wall: () => 4e12 });
    await refused(await tarballOf(box.two), 'E2108', late);
  });

  test('another site', async () => {
    const lock = { ...lockFor(['ghcr.io/team/app:1.0']), site: 'elsewhere' };
    const images = { 'ghcr.io/team/app:1.0': [Buffer.from('layer')] };
    await refused(await tarballOf(await tinyBundle(path(), 'other', { sequence: 9, images, lock })), 'E2111');
  });

  test('one that another key has signed', async () => {
    await rename(path('keys'), path('own-keys'));
    const images = { 'ghcr.io/team/app:1.0': [Buffer.from('layer')] };
    const foreign = await tinyBundle(path(), 'foreign', { sequence: 9, images });
    await rename(path('keys'), path('foreign-keys'));
    await rename(path('own-keys'), path('keys'));
    await refused(await tarballOf(foreign), 'E2102');
  });

  test('a file that is no update', async () => {
    await writeFile(path('other'), 'x'.repeat(4096));
    await refused(path('other'), 'E5311');
  });

  test('two minor versions of Kubernetes at once, or one down', async () => {
    const withEngine = async (sequence: number, version: string) => {
      const images = { [`registry.k8s.io/kube-apiserver:${version}`]: [Buffer.from('layer')] };
      return await tinyBundle(path(), version, { sequence, images });
    };
    const disk = await makeDisk(path('engines'), (await withEngine(1, 'v1.36.3')).directory, path('keys'));
    for (const [sequence, version] of [
      [2, 'v1.38.0'],
      [3, 'v1.35.9'],
    ] as const) {
      const engine = await disk.open('a');
      await push(engine, await tarballOf(await withEngine(sequence, version)));
      expect(engine.status?.reason).toContain('CPIAB-E5303');
      expect(engine.status?.reason).toContain(version);
    }
    const engine = await disk.open('a');
    await push(engine, await tarballOf(await withEngine(4, 'v1.37.1')));
    expect(engine.status?.state).toBe('switching');
  });
});

describe('a damaged file', () => {
  test('that is not what was announced is thrown away', async () => {
    const file = await deltaBetween(path(), box.one, box.two);
    const { sha256, size: length } = await sha256File(file);
    const bytes = await readFile(file);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const sent = box.updater.receive(
      { digest: digestOf(sha256), length, offset: 0 },
      createReadStream(file),
      signal,
    );
    expect((await refusal(sent)).code).toBe('E2103');
    await unharmed();
  });

  // Of the member's name or of its content; what fills a tar up to whole blocks belongs to nothing, and gives nothing.
  test.each([
    ['name', 'delta.json', 5],
    ['middle', 'delta.json', 512 + 700],
    ['middle', 'manifest.json', 512 + 1700],
    ['last byte', 'oci-layout', 512 + 29],
    ['name', 'blobs/', 40],
    ['first byte', 'blobs/', 512],
    ['middle', 'blobs/', 512 + 110],
  ])('with a bit turned in the %s of %s gives no version', async (_where, member, offset) => {
    const file = await deltaBetween(path(), box.one, box.two);
    const bytes = await readFile(file);
    const start = Buffer.concat([Buffer.alloc(1), bytes]).indexOf(`\0${member}`);
    expect(start).toBeGreaterThanOrEqual(0);
    const at = start + offset;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
    await push(box.updater, file);
    expect(box.updater.status?.state).toBe('refused');
    await unharmed();
  });

  test.each([0.3, 0.9])('cut off at %d of its length gives no version', async (place) => {
    const file = await deltaBetween(path(), box.one, box.two);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * place)));
    await push(box.updater, file);
    expect(box.updater.status).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('CPIAB-E2303'),
    });
    await unharmed();
  });

  test('a damaged blob of the version that runs is not taken over', async () => {
    const file = await deltaBetween(path(), box.one, box.two);
    const pool = path('disk', 'a', 'bundle', 'blobs', 'sha256');
    const kept = box.two.manifest.blobs.toSorted((a, b) => b.size - a.size)[0]?.digest.slice(7) ?? '';
    const bytes = await readFile(join(pool, kept));
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    await writeFile(join(pool, kept), bytes);
    await push(box.updater, file);
    expect(box.updater.status).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('CPIAB-E2103'),
    });
    expect(await choice('a')).toEqual(settled('a'));
  });
});
