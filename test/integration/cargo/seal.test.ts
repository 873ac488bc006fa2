import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cargoFiles, chunkPath } from '../../../contract/cargo.ts';
import { run } from '../../../host/process.ts';
import type { TestApi } from '../../support/api.ts';
import { cpiab, refusalOf, startBox, stateOf } from '../../support/backup/box.ts';
import { fillVolume } from '../../support/backup/trees.ts';
import { giveSiteKey, readManifest } from '../../support/cargo/seal.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const receiver = `b2000000#${'b'.repeat(64)}`;
const volume = 'volumes/pvc-1_syncthing_data';
let box: TestApi;
let recipient: string;

beforeEach(async () => {
  box = await startBox('old');
  await fillVolume(join(stateOf(box), volume));
  await giveSiteKey(box);
  await run(['age-keygen', '-o', here('key')]);
  recipient = (await run(['age-keygen', '-y', here('key')])).stdout.trim();
});
afterEach(() => box.close());

interface Sealed {
  size: number;
  written: { chunks: number; bytes: number };
  manifest: { sequence: number };
  contents: { members: { name: string; size: number }[] };
}

const seal = async (to = receiver, directory = here('cargo')) =>
  (await cpiab(
    box,
    'cargo',
    'seal',
    directory,
    '--receiver',
    to,
    '--recipient',
    recipient,
  )) as unknown as Sealed;

const verify = (...more: string[]) => cpiab(box, 'cargo', 'verify', here('cargo'), ...more);

describe('a sealed cargo', () => {
  test('has what makes the workload, and no key, certificate, record or log of its box', async () => {
    const sealed = await seal();
    expect((await readdir(here('cargo'))).toSorted()).toEqual(['cargo.json', 'cargo.json.minisig', 'chunks']);
    expect(await readdir(join(stateOf(box), 'backups'))).toEqual([]);
    const sizes = new Map(sealed.contents.members.map(({ name, size }) => [name, size]));
    expect(sizes.get('etcd.snapshot')).toBe('store of old'.length);
    expect(sizes.get('volumes.tar')).toBeGreaterThan(5000);
    const verified = await verify('--identity', here('key'), '--receiver', receiver);
    expect(verified).toMatchObject({
      manifest: { sequence: 1, sender: { boxId: 'old', site: 'lab' }, receiver: { boxId: 'b2000000' } },
      contents: { boxId: 'old', contents: 'cargo', site: 'lab' },
    });
    // Nothing that the box has of its own, by any of its names.
    const bytes = sealed.contents.members.filter(({ name }) => name === 'engine.tar' || name === 'box.tar');
    for (const { name, size } of bytes) expect([name, size]).toEqual([name, 10240]);
  });

  test('is verified by minisign alone', async () => {
    await seal();
    const key = join(box.directory, '.config/cpiab/keys/lab/minisign.pub');
    await run(['minisign', '-V', '-p', key, '-m', here('cargo', cargoFiles.manifest)]);
  });

  test('of almost the same state is written by what differs, and has the next sequence', async () => {
    const data = join(stateOf(box), volume, 'data');
    const content = randomBytes(4 << 20);
    await writeFile(data, content);
    const first = await seal();
    await writeFile(
      data,
      Buffer.concat([content.subarray(0, 1 << 20), Buffer.of(1), content.subarray(1 << 20)]),
    );
    const second = await seal();
    expect(second.manifest.sequence).toBe(first.manifest.sequence + 1);
    expect(second.written.chunks).toBeLessThan(first.written.chunks / 2);
    expect(second.size).toBeGreaterThan(4 << 20);
    await verify('--identity', here('key'));
    const { chunks } = await readManifest(here('cargo'));
    const lying = (await readdir(here('cargo', 'chunks'), { recursive: true })).filter(
      (name) => name.length > 60,
    );
    expect(lying).toHaveLength(chunks.length);
  });

  test('for another receiver has no chunk in common with it', async () => {
    await seal();
    await seal(`b3000000#${'c'.repeat(64)}`, here('other'));
    const ids = async (name: string) => (await readManifest(here(name))).chunks.map(({ id }) => id);
    const known = new Set(await ids('cargo'));
    expect((await ids('other')).filter((id) => known.has(id))).toEqual([]);
  });

  test('takes no chunk for good that a cut has spoilt', async () => {
    await seal();
    const [chunk] = (await readManifest(here('cargo'))).chunks;
    await writeFile(here('cargo', chunkPath(chunk?.id ?? '')), '');
    await rm(here('cargo', cargoFiles.signature));
    expect((await seal()).written.chunks).toBeGreaterThan(0);
    await verify('--identity', here('key'));
    expect((await stat(here('cargo', chunkPath(chunk?.id ?? '')))).size).toBe(chunk?.size);
  });

  test('is shown to who has no key, and what is in it to who has', async () => {
    await seal();
    const shown = await cpiab(box, 'cargo', 'inspect', here('cargo'));
    expect(shown).toMatchObject({ contents: null, manifest: { receiver: { recipient } } });
    const text = await readFile(here('cargo', cargoFiles.manifest), 'utf8');
    expect(text).not.toMatch(/gitHead|volumes\.tar|v1\.36/);
    expect(await cpiab(box, 'cargo', 'inspect', here('cargo'), '--identity', here('key'))).toMatchObject({
      contents: { engine: { version: 'v1.36.3' } },
    });
  });
});

describe('is refused', () => {
  test('a directory with a cargo for somebody else', async () => {
    await seal();
    const refused = await refusalOf(seal(`b3000000#${'c'.repeat(64)}`));
    expect([refused.code, refused.message]).toEqual(['CPIAB-E1431', 'holds a cargo for b2000000']);
    await verify();
  });

  test('a seal where the key of the site is not', async () => {
    await rm(join(box.directory, '.config/cpiab/keys/lab/minisign.key'));
    expect((await refusalOf(seal())).code).toBe('CPIAB-E1430');
    expect(await readdir(here())).toEqual(['key']);
  });

  test('what was typed wrong', async () => {
    recipient = 'age1x';
    expect((await refusalOf(seal())).code).toBe('CPIAB-E1412');
    await expect(seal('b2000000')).rejects.toThrow('ID#FINGERPRINT');
  });
});
