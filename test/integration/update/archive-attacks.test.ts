import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { extract, type Header, pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { box, path, push, unharmed } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

interface Member {
  header: Partial<Header> & { name: string };
  content: Buffer;
}

const file = (name: string, content = 'planted', more: Partial<Header> = {}): Member => ({
  header: { name, type: 'file', ...more },
  content: Buffer.from(content),
});
const link = (name: string, type: 'symlink' | 'link', linkname: string): Member => ({
  header: { name, type, linkname },
  content: Buffer.alloc(0),
});
const device = (name: string): Member => ({
  header: { name, type: 'character-device', devmajor: 1, devminor: 3 },
  content: Buffer.alloc(0),
});

async function membersOf(archive: NodeJS.ReadableStream): Promise<Member[]> {
  const members: Member[] = [];
  const reading = archive.pipe(extract());
  for await (const entry of reading) members.push({ header: entry.header, content: await buffer(entry) });
  return members;
}

async function packed(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { header, content } of members) archive.entry({ ...header, size: content.length }, content);
  archive.finalize();
  return await buffer(archive);
}

/** A whole bundle as the box would take it, with its members changed. */
async function tarball(change: (members: Member[]) => Member[]): Promise<string> {
  const plain = createReadStream(await tarballOf(box.two)).pipe(createZstdDecompress());
  const out = path('changed.tar.zst');
  await writeFile(out, zstdCompressSync(await packed(change(await membersOf(plain)))));
  return out;
}

async function delta(change: (members: Member[]) => Member[]): Promise<string> {
  const out = await deltaBetween(path(), box.one, box.two);
  const members = await membersOf(createReadStream(out));
  await writeFile(out, await packed(change(members)));
  return out;
}

/** Nothing of it becomes a version, and nothing lies anywhere else. */
async function isRefused(update: string, code: string): Promise<void> {
  const before = await readdir(path());
  await push(box.updater, update);
  expect(box.updater.status).toMatchObject({
    state: 'refused',
    reason: expect.stringContaining(`CPIAB-${code}`),
  });
  await unharmed();
  expect(await readdir(path())).toEqual(before);
  const left = await readdir(path('disk'), { recursive: true });
  expect(left.filter((name) => name.includes('evil') || /(?:^|\/)b\/boot/.test(name))).toEqual([]);
}

const isBlob = ({ header }: Member) => /blobs\/(?:sha256\/)?[0-9a-f]{64}$/.test(header.name);
const first = (members: Member[], extra: Member) => [extra, ...members];
const last = (members: Member[], extra: Member) => [...members, extra];
/** Changes the first blob. */
const blob = (members: Member[], change: (member: Member) => Member[]) => {
  const at = members.findIndex(isBlob);
  return members.flatMap((member, index) => (index === at ? change(member) : [member]));
};

describe('14. archive attacks: a bundle', () => {
  test('is taken as it was packed, so that what follows is refused for what was changed', async () => {
    await push(box.updater, await tarball((members) => members));
    expect(box.updater.status?.state).toBe('switching');
  });

  test.each<[string, (members: Member[]) => Member[]]>([
    ['that climbs out by ..', (all) => last(all, file('bundle/../../evil'))],
    [
      'that climbs out below its own view',
      (all) => last(all, file('bundle/docker/registry/v2/../../../evil')),
    ],
    ['with an absolute path', (all) => first(all, file('/tmp/cpiab-evil'))],
    [
      'with a symbolic link in place of a blob',
      (all) => blob(all, ({ header }) => [link(header.name, 'symlink', '/etc/passwd')]),
    ],
    [
      'with a symbolic link and a hard link through it',
      (all) =>
        last(
          last(all, link('bundle/evil', 'symlink', '/etc')),
          link('bundle/blobs/evil', 'link', 'bundle/evil/shadow'),
        ),
    ],
    [
      'with a hard link to a file of the box',
      (all) => last(all, link('bundle/docker/registry/v2/evil', 'link', '/etc/shadow')),
    ],
    ['with a device', (all) => first(all, device('bundle/evil'))],
    [
      'with a file that runs as its owner',
      (all) => last(all, file('bundle/docker/registry/v2/evil', 'x', { mode: 0o4755 })),
    ],
    ['with the manifest twice', (all) => first(all, file('bundle/manifest.json', '{}'))],
    [
      'with a blob twice',
      (all) => blob(all, (member) => [member, { ...member, content: Buffer.from('other') }]),
    ],
    ['with a file that no bundle has', (all) => last(all, file('bundle/evil'))],
    ['with a file beside the bundle', (all) => last(all, file('evil'))],
    ['with a blob whose name is no digest', (all) => last(all, file('bundle/blobs/sha256/evil'))],
  ])('%s is refused whole', async (_what, change) => {
    await isRefused(await tarball(change), 'E2133');
  });

  test('with a blob that goes on after its end is refused before the rest is written', async () => {
    const bomb = await tarball((all) =>
      blob(all, ({ header, content }) => [
        { header, content: Buffer.concat([content, Buffer.alloc(64 << 20)]) },
      ]),
    );
    expect((await readFile(bomb)).length).toBeLessThan(16 << 20);
    await isRefused(bomb, 'E2103');
    const written = path('disk', 'b', 'bundle', 'blobs', 'sha256');
    for (const name of await readdir(written))
      expect((await readFile(join(written, name))).length).toBeLessThan(16 << 20);
  });

  test('whose blob was changed after it was signed is refused', async () => {
    await isRefused(
      await tarball((all) =>
        blob(all, ({ header, content }) => [{ header, content: Buffer.alloc(content.length, 1) }]),
      ),
      'E2103',
    );
  });
});

describe('14. archive attacks: a delta', () => {
  test.each<[string, string, (members: Member[]) => Member[]]>([
    [
      'with a link in place of a member',
      'E2133',
      (all) => blob(all, ({ header }) => [link(header.name, 'symlink', '/etc/passwd')]),
    ],
    ['with a file more', 'E2303', (all) => last(all, file('evil'))],
    ['that climbs out', 'E2133', (all) => last(all, file('../evil'))],
    ['with a member twice', 'E2303', (all) => blob(all, (member) => [member, member])],
    ['with a member that is a device', 'E2133', (all) => last(all, device('manifest.json'))],
  ])('%s is refused whole', async (_what, code, change) => {
    await isRefused(await delta(change), code);
  });
});
