import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { finishRestore } from '../../../agent/backup/finish.ts';
import { backupContent } from '../../../agent/backup/members.ts';
import { stageRestore } from '../../../agent/backup/stage.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { type BackupMember, stateVersion } from '../../../contract/backup.ts';
import { persisted } from '../../../contract/layout.ts';
import { type BackupHead, packBackup } from '../../../host/backup/archive.ts';
import { run } from '../../../host/process.ts';
import { sourceRepository } from '../../support/api.ts';
import { fillState, fillVolume, fit, hashOfTree } from '../../support/backup/trees.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();
let head: BackupHead;
let archive: Buffer;
let members: { name: BackupMember; bytes: Buffer }[];

async function* once_(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function pack(changed: Partial<Record<BackupMember, Buffer>> = {}, about: Partial<BackupHead> = {}) {
  async function* each() {
    for (const { name, bytes } of members) yield { name, content: once_(changed[name] ?? bytes) };
  }
  return await all(packBackup(each(), { ...head, ...about }));
}

beforeEach(async () => {
  await fillState(here('old'), 'old');
  await fillVolume(here('old/volumes/pvc-1_syncthing_data'));
  await fillState(here('new'), 'new');
  await fillVolume(here('new/volumes/pvc-5_other_data'));
  const source = await sourceRepository(here(), { 'README.md': 'hello\n' });
  const git = await openRepository(here('old/git/lab.git'), source.bundle, signal);
  const engine = {
    keys: [persisted.kubernetes, join(persisted.kubelet, 'pki')],
    snapshot: async (file: string) => {
      await writeFile(file, 'store of old');
      return { revision: 1, keys: 1, bytes: 1 };
    },
  };
  await mkdir(here('scratch'));
  const { id: gitHead } = await git.head();
  head = {
    stateVersion,
    site: 'lab',
    boxId: 'old',
    fingerprint: 'f'.repeat(64),
    engine: fit.engine,
    bundle: { sequence: 7, revision: gitHead },
    gitHead,
    created: '2026-11-22T00:00:00.000Z',
  };
  members = [];
  for await (const { name, content } of backupContent(
    { state: here('old'), engine, git },
    here('scratch'),
    signal,
  ))
    members.push({ name, bytes: await all(content) });
  archive = await pack();
});

const own = [
  'kubernetes',
  'kubelet',
  'tls',
  'audit',
  'box-id',
  'engine-initialised',
  'volumes',
  'etcd',
  'sequence',
];

describe('a backup that is not what its box made is refused, and nothing is written', () => {
  const manifestAt = (bytes: Buffer) => bytes.lastIndexOf('manifest.json\0');
  const edited = (bytes: Buffer, from: string, to: string) => {
    const at = bytes.indexOf(from, manifestAt(bytes));
    expect(at).toBeGreaterThan(0);
    const copy = Buffer.from(bytes);
    copy.write(to, at);
    return copy;
  };
  const spoilt = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
  };
  const without = (bytes: Buffer, name: string) => {
    const at = bytes.indexOf(`${name}\0`);
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 512 + Math.ceil(size / 512) * 512)]);
  };
  const tarOf = async (script: string) => {
    await mkdir(here('forged'));
    await run(['sh', '-c', script], { cwd: here('forged') });
    return await readFile(here('forged', 'x.tar'));
  };

  const kinds: Record<string, () => Buffer | Promise<Buffer>> = {
    'cut off in the middle': () => archive.subarray(0, archive.length >> 1),
    'cut off before its end': () => archive.subarray(0, archive.length - 512),
    'with more after its end': () => Buffer.concat([archive, Buffer.alloc(512)]),
    'with a bit changed in a volume': () =>
      spoilt(archive, archive.indexOf('volumes.tar/000000') + 512 + 2000),
    'with a bit changed in a header': () => spoilt(archive, archive.indexOf('box.tar/000000') + 2),
    'without a member': () => without(archive, 'box.tar/000000'),
    'without its manifest': () => without(archive, 'manifest.json'),
    'with another size in the manifest': () => edited(archive, '"size": ', '"size":9'),
    'with another hash in the manifest': () => edited(archive, '"sha256": "', '"sha256": "0'),
    empty: () => Buffer.alloc(0),
    'no archive': () => Buffer.alloc(4096, 'x'),
    'with another Git head': () => pack({}, { gitHead: '0'.repeat(40) }),
    'with a damaged Git bundle': () => pack({ 'git.bundle': Buffer.from('# v2 git bundle\n') }),
    'with a member that is no tar': () => pack({ 'box.tar': Buffer.alloc(2048, 'y') }),
    'with a file that is none of the box': async () =>
      pack({ 'box.tar': await tarOf('echo 9 > sequence; tar cf x.tar sequence') }),
    'with a path that leads out': async () =>
      pack({
        'volumes.tar': await tarOf('mkdir volumes; tar cf x.tar --transform=s,volumes,../../out, volumes'),
      }),
    'with an absolute path': async () => pack({ 'volumes.tar': await tarOf('tar cPf x.tar /etc/hostname') }),
    'with a link that leads out, and a file through it': async () =>
      pack({
        'volumes.tar': await tarOf(
          `mkdir a b; ln -s ${here()} a/volumes; mkdir b/volumes; echo x > b/volumes/escaped; tar cf x.tar -C a volumes; tar rf x.tar -C ../forged/b volumes/escaped`,
        ),
      }),
  };

  test.each(Object.keys(kinds))('%s', async (kind) => {
    const bytes = await kinds[kind]?.();
    const before = await hashOfTree(here('new'), own);
    const error = await stageRestore(here('new'), once_(bytes ?? archive), fit, signal).then(
      () => null,
      (thrown: unknown) => thrown as { code?: string },
    );
    expect(error?.code ?? 'accepted').toBe('E2180');
    expect(await hashOfTree(here('new'), own)).toBe(before);
    expect((await readdir(here('new'))).filter((name) => name.startsWith('restore'))).toEqual([]);
    expect(await readdir(here())).not.toContain('escaped');
    expect(await readdir(here())).not.toContain('out');
  });

  test.each([
    ['of another site', { site: 'shop' }],
    ['of a newer state version', { stateVersion: stateVersion + 1 }],
    ['made with a newer bundle', { bundle: { sequence: 8, revision: 'x' } }],
    ['of another engine', { engine: { kind: 'kubeadm', version: 'v1.37.0' } }],
  ])('%s', async (_kind, about) => {
    const error = await refusal(stageRestore(here('new'), once_(await pack({}, about)), fit, signal));
    expect(error.code).toBe('E5403');
    expect((await readdir(here('new'))).filter((name) => name.startsWith('restore'))).toEqual([]);
  });
});

describe('killed at any moment, the box is what it was or what the backup has', () => {
  const volume = 'volumes/pvc-1_syncthing_data';
  const restored = ['kubernetes/pki', 'tls/api.key', 'box-id', 'engine-initialised', volume];

  async function killed(work: string, state: string, afterMs: number): Promise<boolean> {
    const script = join(import.meta.dirname, '../../support/backup/child.ts');
    const child = spawn(process.execPath, [script, work, state, here('archive')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await sleep(afterMs);
    child.kill('SIGKILL');
    const [status] = await ended;
    return status === null;
  }

  /** The state that is there is one of the two, and which one. */
  async function expectWhole(state: string, hashes: Record<'old' | 'new', string>): Promise<'old' | 'new'> {
    await finishRestore(state);
    const word = (await readFile(join(state, 'box-id'), 'utf8')).trim() as 'old' | 'new';
    expect(await hashOfTree(state, word === 'old' ? restored : own)).toBe(hashes[word]);
    expect(existsSync(join(state, 'engine-snapshot'))).toBe(word === 'old');
    return word;
  }

  async function both(): Promise<Record<'old' | 'new', string>> {
    await writeFile(here('archive'), archive);
    await run(['cp', '-a', here('new'), here('whole')]);
    await stageRestore(here('whole'), once_(archive), fit, signal);
    await finishRestore(here('whole'));
    return { old: await hashOfTree(here('whole'), restored), new: await hashOfTree(here('new'), own) };
  }

  test('while it is unpacked: untouched, or complete when the last step was done', async () => {
    const hashes = await both();
    let kills = 0;
    for (const afterMs of [0, 30, 100, 300]) {
      const state = here(`after-${afterMs}`);
      await run(['cp', '-a', here('new'), state]);
      if (await killed('stage', state, afterMs)) kills += 1;
      await expectWhole(state, hashes);
    }
    expect(kills).toBeGreaterThan(0);
  });

  test('while it is put in place: complete, by the next start', async () => {
    const hashes = await both();
    let kills = 0;
    for (const afterMs of [0, 1, 2, 4, 8]) {
      const state = here(`after-${afterMs}`);
      await run(['cp', '-a', here('new'), state]);
      await stageRestore(state, once_(archive), fit, signal);
      if (await killed('finish', state, afterMs)) kills += 1;
      expect(await expectWhole(state, hashes)).toBe('old');
    }
    expect(kills).toBeGreaterThan(0);
  });
});
