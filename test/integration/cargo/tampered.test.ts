import { randomBytes } from 'node:crypto';
import { appendFile, cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodePublicKey, generateSiteKey, type SiteKey } from '../../../builder/bundle/minisign.ts';
import { packWhole } from '../../../builder/cargo/chunk-file.ts';
import { SenderRecord } from '../../../builder/cargo/sender.ts';
import { writeCargo } from '../../../builder/cargo/write.ts';
import { verifyCargo } from '../../../cli/cargo/verify.ts';
import { backupMembers, stateVersion } from '../../../contract/backup.ts';
import { type CargoManifest, type CargoReceiver, cargoFiles, chunkPath } from '../../../contract/cargo.ts';
import { sealAge } from '../../../host/age/age.ts';
import { type KeyIdentity, makeIdentity, parseRecipient } from '../../../host/age/keys.ts';
import { type BackupHead, packBackup } from '../../../host/backup/archive.ts';
import { hashOfTree } from '../../support/backup/trees.ts';
import { readManifest, resign, stored } from '../../support/cargo/seal.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { removeTree } from '../../support/remove-tree.ts';

const here = keptDirectory();
const watched = { signal: new AbortController().signal, progress: () => {} };
const { identity, recipient } = makeIdentity();
const receiver: CargoReceiver = { boxId: 'b2000000', fingerprint: 'b'.repeat(64), recipient };
const sender = generateSiteKey();
const HOUR = 3_600_000;
const head: BackupHead = {
  ...{ stateVersion, site: 'lab', boxId: 'old', fingerprint: 'a'.repeat(64), gitHead: '1'.repeat(40) },
  engine: { kind: 'kubeadm', version: 'v1.36.3' },
  bundle: { sequence: 7, revision: 'x' },
  created: '2026-11-22T00:00:00.000Z',
  contents: 'cargo',
};
let record: SenderRecord;

async function* members() {
  for (const [index, name] of backupMembers.entries())
    yield { name, content: Readable.from([randomBytes(index * 150_000)]) };
}

const seal = (directory: string, about: BackupHead = head) =>
  writeCargo({
    ...{ directory, receiver, record, key: sender, lifeMs: HOUR, signal: watched.signal },
    ...{ archive: packBackup(members(), about), now: Date.now() - 1000 },
  });

const check = (
  directory: string,
  {
    identities = [],
    after = 0,
    box = null,
  }: { identities?: KeyIdentity[]; after?: number; box?: string | null } = {},
) => {
  const expected = {
    receiver: box === null ? null : { boxId: box, fingerprint: receiver.fingerprint },
    after,
  };
  return verifyCargo(directory, { senderKey: here('sender.pub'), identities }, expected, watched);
};

beforeAll(async () => {
  await writeFile(here('sender.pub'), encodePublicKey(sender));
  record = await SenderRecord.of(here('keys'), receiver);
  await seal(here('cargo'));
  await seal(here('cargo'));
});

test('what nobody touched is good, with its key and without', async () => {
  await check(here('cargo'));
  const found = await check(here('cargo'), { identities: [identity], after: 2, box: 'b2000000' });
  expect(found.content?.contents.members.map(({ size }) => size)).toEqual([
    0, 150_000, 300_000, 450_000, 600_000,
  ]);
});

describe('is refused before anything is written', () => {
  const chunkOf = async (directory: string, number: number) =>
    join(directory, chunkPath((await readManifest(directory)).chunks[number]?.id ?? ''));
  const spoil = async (path: string) => {
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    await writeFile(path, bytes);
  };
  const signed =
    (edit: (manifest: CargoManifest) => object, key: SiteKey = sender) =>
    (directory: string) =>
      resign(directory, key, edit);
  const later = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString();
  const fileFor = (whom: string) =>
    sealAge(
      packWhole(randomBytes(1000)),
      [parseRecipient(whom)].filter((one) => one !== null),
    );
  /** A chunk that the signed manifest names, and that the receiver can't open. */
  const foreignChunk = async (directory: string, find: (one: CargoManifest) => string | undefined) => {
    const id = find(await readManifest(directory)) ?? '';
    const content = fileFor(makeIdentity().recipient);
    await writeFile(join(directory, chunkPath(id)), content);
    await resign(directory, sender, (manifest) => ({
      ...manifest,
      chunks: manifest.chunks.map((chunk) => (chunk.id === id ? stored(id, content) : chunk)),
    }));
  };
  /** @param base null for the chunk itself. */
  const patchTo = (base: string | null) =>
    signed((manifest) => ({
      ...manifest,
      chunks: manifest.chunks.map((chunk) => ({ ...chunk, base: base ?? chunk.id })),
    }));
  const reorder = signed((manifest) => {
    const [first, second, ...rest] = manifest.chunks;
    return { ...manifest, chunks: [second, first, ...rest] };
  });

  type Spoiling = [string, string, (directory: string) => Promise<unknown>, object?];
  const withKey = { identities: [identity] };
  const kinds: Spoiling[] = [
    ['a chunk with a bit changed', 'E2190', async (at) => spoil(await chunkOf(at, 1))],
    ['a chunk that is missing', 'E2190', async (at) => rm(await chunkOf(at, 1))],
    ['a chunk cut off', 'E2190', async (at) => truncate(await chunkOf(at, 1), 500)],
    ['a chunk with more at its end', 'E2190', async (at) => appendFile(await chunkOf(at, 1), 'x')],
    [
      'a chunk in the place of another',
      'E2190',
      async (at) => cp(await chunkOf(at, 1), await chunkOf(at, 2)),
    ],
    ['a manifest with a byte changed', 'E2101', (at) => spoil(join(at, cargoFiles.manifest))],
    ['a manifest without its signature', 'E1006', (at) => rm(join(at, cargoFiles.signature))],
    ['a signature cut off', 'E2101', (at) => truncate(join(at, cargoFiles.signature), 100)],
    ['one signed anew by somebody else', 'E2102', signed((same) => same, generateSiteKey())],
    [
      "one signed anew under the name of the sender's key",
      'E2101',
      signed((same) => same, { ...generateSiteKey(), id: sender.id }),
    ],
    ['one that has expired', 'E2194', signed((manifest) => ({ ...manifest, expires: later(-0.0001) }))],
    ['one from the future', 'E2193', signed((manifest) => ({ ...manifest, created: later(0.5) }))],
    ['one that is older than one before', 'E2192', async () => {}, { after: 3 }],
    ['one for another box', 'E2191', async () => {}, { box: 'b3000000' }],
    [
      'one for the same name with another key',
      'E2191',
      signed((one) => ({ ...one, receiver: { ...one.receiver, fingerprint: 'c'.repeat(64) } })),
      { box: 'b2000000' },
    ],
    ['one with what is not known', 'E2114', signed((manifest) => ({ ...manifest, also: 1 }))],
    ['one for another key of age', 'E2181', async () => {}, { identities: [makeIdentity().identity] }],
    [
      'a chunk for another key, signed by the sender',
      'E2190',
      (at) => foreignChunk(at, ({ chunks }) => chunks[2]?.id),
      withKey,
    ],
    ['chunks in another order, signed by the sender', 'E2190', reorder, withKey],
    [
      'an index that names no chunk, signed by the sender',
      'E2190',
      signed((one) => ({ ...one, index: ['d'.repeat(64)] })),
      withKey,
    ],
    [
      'an index for somebody else, signed by the sender',
      'E2181',
      (at) => foreignChunk(at, ({ index }) => index[0]),
      withKey,
    ],
    ['a patch to a chunk that is not there, signed by the sender', 'E2190', patchTo('e'.repeat(64)), withKey],
    ['a patch to a patch, signed by the sender', 'E2190', patchTo(null), withKey],
  ];

  test.each(kinds)('%s: %s', async (_kind, code, change, options) => {
    const at = here('changed');
    await removeTree(at);
    await cp(here('cargo'), at, { recursive: true });
    await change(at);
    const before = await hashOfTree(here(), ['changed', 'keys']);
    const refused = await refusal(check(at, options));
    expect(refused.code).toBe(code);
    expect(await hashOfTree(here(), ['changed', 'keys'])).toBe(before);
  });

  test('what a box gave with its identity in it is not sealed', async () => {
    const { contents: _, ...whole } = head;
    expect((await refusal(seal(here('whole'), whole))).code).toBe('E2190');
    await expect(readManifest(here('whole'))).rejects.toThrow('ENOENT');
  });

  test('an archive that is cut off is not sealed', async () => {
    const archive = await buffer(packBackup(members(), head));
    const cut = writeCargo({
      ...{ directory: here('cut'), receiver, record, key: sender, lifeMs: HOUR, signal: watched.signal },
      ...{ archive: Readable.from([archive.subarray(0, -600)]), now: Date.now() },
    });
    expect((await refusal(cut)).code).toBe('E2190');
    await expect(rename(here('cut', cargoFiles.manifest), here('x'))).rejects.toThrow('ENOENT');
  });
});
