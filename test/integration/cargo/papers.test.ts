import { existsSync } from 'node:fs';
import { open, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requireLandable } from '../../../agent/backup/land.ts';
import {
  encodePublicKey,
  generateSiteKey,
  keyName,
  type SiteKey,
  signBytes,
} from '../../../builder/bundle/minisign.ts';
import { cargoArchive, openContent } from '../../../builder/cargo/content.ts';
import { openCargo } from '../../../builder/cargo/open.ts';
import type { CargoManifest } from '../../../contract/cargo.ts';
import { makeIdentity } from '../../../host/age/keys.ts';
import { sha256File } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import type { TestApi } from '../../support/api.ts';
import { cpiab, startBox, stateOf } from '../../support/backup/box.ts';
import { hashOfTree } from '../../support/backup/trees.ts';
import { giveSiteKey, readManifest } from '../../support/cargo/seal.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const { identity, recipient, secret } = makeIdentity();
let old: TestApi;
let fresh: TestApi;
let sender: { key: SiteKey; path: string };

async function seal(): Promise<void> {
  const receiver = `fresh#${fresh.identity.fingerprint}`;
  await cpiab(old, 'cargo', 'seal', here('cargo'), '--receiver', receiver, '--recipient', recipient);
}

interface Archive {
  sha256: string;
  size: number;
}

const same = (manifest: CargoManifest): object => manifest;

/** Papers as an operator sends them: of the cargo that lies there, changed and signed by somebody. */
async function papers(edit = same, signer: SiteKey = sender.key) {
  const manifest = JSON.stringify(edit(await readManifest(here('cargo'))));
  const signature = signBytes(Buffer.from(manifest), signer, 'cargo');
  return { manifest, signature, key: encodePublicKey(sender.key) };
}

const curl = () => ['curl', '-sk', '--cert', fresh.files.certificate, '--key', fresh.files.key];

/** Brings an archive to the box, as somebody does who has the operator's credential and another program. */
async function bring(): Promise<Archive> {
  const archive = await sha256File(here('archive'));
  const where = `${fresh.url}/v1/cargo/${archive.sha256}?offset=0&length=${archive.size}`;
  await run([...curl(), '-T', here('archive'), where]);
  return archive;
}

async function order({ sha256 }: Archive, sent: object): Promise<unknown> {
  await writeFile(here('papers'), JSON.stringify(sent));
  const { stdout } = await run([
    ...curl(),
    ...['--data-binary', `@${here('papers')}`, `${fresh.url}/v1/cargo/${sha256}`],
  ]);
  return JSON.parse(stdout);
}

describe("a box checks the sender's signature itself, by the key that its operator trusts", () => {
  beforeEach(async () => {
    old = await startBox('old');
    fresh = await startBox('fresh');
    sender = await giveSiteKey(old);
    await writeFile(here('key'), `${secret}\n`);
  });
  afterEach(() => Promise.all([old.close(), fresh.close()]));

  const stranger = generateSiteKey();
  const theArchive = async () => {
    await seal();
    const content = await openContent(await openCargo(here('cargo'), sender.path), [identity]);
    await writeFile(here('archive'), cargoArchive(content));
    return await bring();
  };
  const log = async () =>
    (await fresh.audit.read(0)).entries
      .filter(({ subject }) => subject === 'cargo')
      .map(({ outcome, detail }) => [outcome, detail]);

  test.each<[string, string, (archive: Archive) => Promise<unknown>]>([
    ['signed by another', 'E2101', async (archive) => order(archive, await papers(same, stranger))],
    [
      'with a manifest that was changed after',
      'E2101',
      async (archive) => {
        const { manifest, ...rest } = await papers();
        return order(archive, { manifest: manifest.replace('"sequence":1', '"sequence":2'), ...rest });
      },
    ],
    [
      'with another archive than the one that was signed',
      'E2103',
      async ({ size }) => {
        await writeFile(here('archive'), Buffer.alloc(size, 'x'));
        return order(await bring(), await papers());
      },
    ],
    [
      'of which not all was brought',
      'E2180',
      async (archive) => {
        await truncate(join(stateOf(fresh), 'cargo', `${archive.sha256}.part`), archive.size - 1);
        return order(archive, await papers());
      },
    ],
    [
      'with a byte changed after it was brought',
      'E2103',
      async (archive) => {
        const part = await open(join(stateOf(fresh), 'cargo', `${archive.sha256}.part`), 'r+');
        await part.write('x', archive.size >> 1);
        await part.close();
        return order(archive, await papers());
      },
    ],
    [
      'that has expired by its clock',
      'E2194',
      async (archive) => order(archive, await papers((one) => ({ ...one, expires: one.created }))),
    ],
  ])('one %s is refused, and nothing is written: %s', async (_what, code, ordered) => {
    const archive = await theArchive();
    const names = (await readdir(stateOf(fresh))).filter((name) => name !== 'cargo');
    const before = await hashOfTree(
      stateOf(fresh),
      names.filter((name) => name !== 'audit'),
    );
    expect(await ordered(archive)).toMatchObject({ code: `CPIAB-${code}` });
    expect((await readdir(stateOf(fresh))).filter((name) => name !== 'cargo')).toEqual(names);
    expect(
      await hashOfTree(
        stateOf(fresh),
        names.filter((name) => name !== 'audit'),
      ),
    ).toBe(before);
    expect(fresh.reboots()).toBe(0);
    expect((await log()).map(([outcome]) => outcome)).toEqual(['begun', 'failed']);
  });

  test('the log says which key that was', async () => {
    const archive = await theArchive();
    expect(await order(archive, await papers())).toMatchObject({ kind: 'BackupManifest' });
    const told = `sha256:${archive.sha256} by key ${keyName(sender.key)}`;
    expect(await log()).toEqual([
      ['begun', told],
      ['done', told],
    ]);
  });

  test('a backup is none, whoever signs for it', async () => {
    await seal();
    await cpiab(old, 'backup', '--out', here('box.age'), '--recipient', recipient);
    await run(['sh', '-c', `age -d -i ${here('key')} ${here('box.age')} > ${here('archive')}`]);
    const archive = await bring();
    const signed = await papers((manifest) => ({ ...manifest, archive }));
    expect(await order(archive, signed)).toMatchObject({ code: 'CPIAB-E5403' });
    expect(existsSync(join(stateOf(fresh), 'restore'))).toBe(false);
  });

  test('what was never brought', async () => {
    await seal();
    const { archive } = await readManifest(here('cargo'));
    expect(await order(archive, await papers())).toMatchObject({ code: 'CPIAB-E2180' });
  });

  test('what is no key is told so', async () => {
    const archive = await theArchive();
    const bad = { ...(await papers()), key: 'x' };
    await writeFile(here('papers'), JSON.stringify(bad));
    const told = await run([
      ...curl(),
      '--data-binary',
      `@${here('papers')}`,
      `${fresh.url}/v1/cargo/${archive.sha256}`,
    ]);
    expect(told.stdout).toMatch(/^expected .* public key/);
    expect(await log()).toEqual([]);
  });
});

describe("a box holds a cargo's papers against itself, whoever brings them", () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const receiver = { boxId: 'fresh', fingerprint: 'b'.repeat(64) };
  const manifest = {
    ...{ sequence: 5, receiver, sender: { fingerprint: 'a'.repeat(64) } },
    ...{ created: '2026-11-22T11:00:00.000Z', expires: '2026-11-22T13:00:00.000Z' },
  };
  const held = ({ digest = '1'.repeat(64), ...changed }: { digest?: string } & Partial<typeof manifest>) => {
    const signed = { digest, key: 'K', manifest: { ...manifest, ...changed } as CargoManifest };
    return requireLandable(here(), { signed, receiver, now });
  };

  beforeEach(async () => {
    await run(['mkdir', here('cargo')]);
    await writeFile(
      here('cargo/landed.json'),
      JSON.stringify({ ['a'.repeat(64)]: { sequence: 5, cargo: '1'.repeat(64) } }),
    );
  });

  test('the same once more, and a newer one', async () => {
    await held({});
    await held({ sequence: 6, digest: '2'.repeat(64) });
  });

  test.each<[string, string, Parameters<typeof held>[0]]>([
    ['an older one', 'E2192', { sequence: 4 }],
    ['another one of the same sequence', 'E2192', { digest: '2'.repeat(64) }],
    ['one for another box', 'E2191', { receiver: { ...receiver, boxId: 'old' } }],
    ['one for another key', 'E2191', { receiver: { ...receiver, fingerprint: 'c'.repeat(64) } }],
    ['one that has expired by its clock', 'E2194', { expires: '2026-11-22T12:00:00.000Z' }],
    ['one from the future', 'E2193', { created: '2026-11-22T12:00:01.000Z' }],
  ])('%s: %s', async (_what, code, changed) => {
    expect((await refusal(held(changed))).code).toBe(code);
  });
});
