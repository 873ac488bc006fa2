import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fullDisk } from '../../../host/full-disk.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { onFullDisk } from '../../support/full-disk.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry } from '../../support/registry/server.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';

const here = freshDirectory();
const repository = dirname(dirname(dirname(import.meta.dirname)));
const cpiab = [process.execPath, join(repository, 'cli', 'main.ts')];
const MB = 1e6;
let disk: string;
beforeEach(async () => {
  disk = here('disk');
  await mkdir(disk);
});

describe('on a disk that gets full', () => {
  test('a fetch keeps what came, with nothing half in the pool, and names the place', async () => {
    const registry = await startRegistry(here());
    try {
      await registry.storage.put('team/app:1.0', { layers: [await tarLayer(5 * MB)] });
      const child = join(repository, 'test', 'support', 'registry', 'fetch-child.ts');
      const argv = [process.execPath, child, registry.base.href, disk, 'docker.io/team/app:1.0'];
      const { status, error, left } = await onFullDisk(disk, 2 * MB, argv);
      expect([status, error.code]).toEqual([1, 'CPIAB-E3009']);
      const pool = Object.entries(left).filter(([path]) => path.startsWith('cache/blobs/'));
      // The config came whole.
      expect(pool.every(([, bytes]) => bytes < 1000)).toBe(true);
      const partial = Object.entries(left).filter(([path]) => path.startsWith('cache/partial/'));
      expect(partial.map(([, bytes]) => bytes > 1.5 * MB)).toEqual([true]);
    } finally {
      await registry.stop();
    }
  });

  test('a delta and a bundle are written whole or not at all', async () => {
    const first = await tinyBundle(here(), 'old', {
      sequence: 1,
      images: { 'a.io/a:1': [randomBytes(1000)] },
    });
    await tinyBundle(here(), 'new', { sequence: 2, images: { 'a.io/a:2': [randomBytes(4 * MB)] } });
    const key = here('keys', 'minisign.pub');
    const written = [...cpiab, 'delta', first.directory, here('new'), '--key', key, '--json', '--out'];
    const delta = await onFullDisk(disk, 2 * MB, [...written, join(disk, 'one.delta')]);
    expect(delta).toMatchObject({ status: 1, error: { code: 'CPIAB-E3009' }, left: {} });
    expect(delta.error.subject).toContain(disk);
    await run([...written, here('one.delta')]);
    const made = [...cpiab, 'apply', first.directory, here('one.delta'), '--key', key, '--json', '--out'];
    const bundle = await onFullDisk(disk, 2 * MB, [...made, join(disk, 'made')]);
    expect(bundle).toMatchObject({ status: 1, error: { code: 'CPIAB-E3009' }, left: {} });
    expect(bundle.error.subject).toContain(disk);
  });
});

describe('a lack of room', () => {
  test('is told of the place that has the least', async () => {
    const error = await writeFile('/dev/full', 'x').catch((thrown: unknown) => thrown);
    const found = await fullDisk(error, ['/proc', here(), '/no/such/place']);
    expect([found?.code, found?.subject, found?.exit]).toEqual(['E3009', '/proc', 1]);
  });

  test('is told of a program too', async () => {
    const thrown = await run(['sh', '-c', 'head -c 100000 /dev/zero > /dev/full']).catch((error) => error);
    expect(thrown).toBeInstanceOf(ProcessError);
    expect((await fullDisk(thrown, [here()]))?.subject).toBe(here());
    expect(await fullDisk(new Error('another'), [here()])).toBeNull();
  });
});
