import { randomBytes } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { encodePublicKey, generateSiteKey } from '../../../builder/bundle/minisign.ts';
import { checkContent, openContent } from '../../../builder/cargo/content.ts';
import { openCargo } from '../../../builder/cargo/open.ts';
import { SenderRecord } from '../../../builder/cargo/sender.ts';
import { writeCargo } from '../../../builder/cargo/write.ts';
import { backupMembers, stateVersion } from '../../../contract/backup.ts';
import { type CargoChunk, type CargoReceiver, cargoFiles, chunkPath } from '../../../contract/cargo.ts';
import { chunkSizes } from '../../../contract/chunk-sizes.ts';
import { makeIdentity } from '../../../host/age/keys.ts';
import { type BackupHead, packBackup } from '../../../host/backup/archive.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const { identity, recipient } = makeIdentity();
const receiver: CargoReceiver = { boxId: 'b', fingerprint: 'b'.repeat(64), recipient };
const key = generateSiteKey();
const head: BackupHead = {
  ...{ stateVersion, site: 'lab', boxId: 'a', fingerprint: 'a'.repeat(64), gitHead: '1'.repeat(40) },
  engine: { kind: 'kubeadm', version: 'v1.36.3' },
  bundle: { sequence: 1, revision: 'x' },
  created: '2026-11-22T00:00:00.000Z',
  contents: 'cargo',
};
const SIZE = 12 << 20;
const PAGE = 4096;
let volume: Buffer;

beforeEach(() => {
  volume = randomBytes(SIZE);
});

interface Sealed {
  chunks: CargoChunk[];
  written: { chunks: number; bytes: number };
  /** Bytes of each chunk of the volume. */
  sizes: number[];
}

/** Then all of it is opened by the receiver and held against what was given. */
async function seal(): Promise<Sealed> {
  async function* members() {
    for (const name of backupMembers)
      yield { name, content: parts(name === 'volumes.tar' ? volume : Buffer.of()) };
  }
  const record = await SenderRecord.of(here('keys'), receiver);
  const archive = packBackup(members(), head);
  const about = { directory: here('cargo'), receiver, record, key, lifeMs: 3_600_000, signal };
  const { manifest, written } = await writeCargo({ ...about, archive, now: Date.now() - 1000 });
  await writeFile(here('pub'), encodePublicKey(key));
  const content = await openContent(await openCargo(here('cargo'), here('pub')), [identity]);
  await checkContent(content, () => {});
  const sizes = content.members.find(({ name }) => name === 'volumes.tar')?.sizes ?? [];
  return { chunks: manifest.chunks, written, sizes };
}

async function* parts(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** Of each chunk some pages before its least size, where no change moves a cut: 1 % of the volume at most. */
const changePages = (sizes: readonly number[]) => {
  let from = 0;
  for (const size of sizes) {
    const places = size < chunkSizes.least ? [] : [100_000, 500_000, 900_000];
    for (const at of places) volume.set(randomBytes(PAGE), from + at);
    from += size;
  }
};

test('pages that changed all over are written as patches, time and again', async () => {
  const { sizes } = await seal();
  for (const share of [0.02, 0.04]) {
    changePages(sizes);
    const { chunks, written } = await seal();
    expect(written.bytes).toBeLessThan(SIZE * share);
    expect(chunks.filter(({ base }) => base !== undefined).length).toBeGreaterThan(5);
  }
  expect((await seal()).written).toEqual({ chunks: 0, bytes: 0 });
});

test('what was put in at the front moves nothing', async () => {
  await seal();
  volume = Buffer.concat([randomBytes(1000), volume]);
  expect((await seal()).written.bytes).toBeLessThan(SIZE / 100);
});

test('a patch whose base is damaged is written anew, whole', async () => {
  const { sizes } = await seal();
  changePages(sizes.slice(0, 1));
  const patch = (await seal()).chunks.find(({ base }) => base !== undefined);
  await truncate(here('cargo', chunkPath(patch?.base ?? '')), 1000);
  const { chunks } = await seal();
  expect(chunks.find(({ id }) => id === patch?.id)).toMatchObject({ size: expect.any(Number) });
  expect(chunks.filter(({ base }) => base !== undefined)).toEqual([]);
});

test('a seal that was cut off finds what it has written, and nothing that is spoilt', async () => {
  const { chunks } = await seal();
  await rm(here('cargo', cargoFiles.manifest));
  await truncate(here('cargo', chunkPath(chunks[1]?.id ?? '')), 1000);
  const again = await seal();
  expect(again.written.chunks).toBe(1);
  expect(again.chunks.map(({ id }) => id)).toEqual(chunks.map(({ id }) => id));
});
