import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { auditMedium } from '../../../builder/audit/audit.ts';
import { type SiteKeys, siteKeys } from '../../../builder/bundle/keys.ts';
import { keyName, type SiteKey, signBytes } from '../../../builder/bundle/minisign.ts';
import { rotateKey, rotationsTo } from '../../../builder/bundle/rotate.ts';
import { applyDelta } from '../../../builder/delta/apply.ts';
import { writeDelta } from '../../../builder/delta/write.ts';
import type { Medium } from '../../../builder/verify/medium.ts';
import { openMedium } from '../../../builder/verify/open.ts';
import { trustedKey } from '../../../builder/verify/trusted-key.ts';
import { readManifest, verifyMedium } from '../../../builder/verify/verify.ts';
import { rotationFiles } from '../../../contract/rotation.ts';
import { run } from '../../../host/process.ts';
import { NOW } from '../../support/audit.ts';
import { forge } from '../../support/forge.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const images = { 'ghcr.io/team/app:1.0': [Buffer.from('app')] };
let old: SiteKeys;

beforeEach(async () => {
  // A machine that has no keys of its own yet.
  vi.stubEnv('XDG_CONFIG_HOME', path('config'));
  old = await siteKeys(path('keys'));
  await writeFile(path('old.pub'), old.publicKey);
});

const bundle = (name: string, sequence: number) => tinyBundle(path(), name, { sequence, images });
const rotate = async (last: number) =>
  await rotateKey(path('keys'), 'harbour', (await siteKeys(path('keys'))).site, last);

/** Verifies as somebody does who was given the first public key. */
async function verify(directory: string) {
  const medium = await openMedium(directory, signal);
  return await verifyMedium(medium, await trustedKey(medium, path('old.pub')), signal);
}
const code = async (directory: string) => (await refusal(verify(directory))).code;

describe('who holds the first public key', () => {
  test('trusts what later keys sign, over two rotations, and sees the way', async () => {
    const steps = [await rotate(1), await rotate(2)];
    const { directory } = await bundle('three', 3);
    const { key } = await verify(directory);
    expect(key.name).toBe(steps[1]?.to.key);
    expect(key.chain).toEqual(steps);
    const medium = await openMedium(directory, signal);
    const trust = () => trustedKey(medium, path('old.pub'));
    const { report } = await auditMedium({ medium, trust, after: null, now: NOW, signal });
    expect(report).toMatchObject({ verified: true, key: { chain: steps } });
    expect(report.checks[0]?.evidence).toBe(
      `key ${key.name}, named by ${steps[1]?.from}, named by ${steps[0]?.from}`,
    );
  });

  test('can follow with minisign alone', async () => {
    const { from, to } = await rotate(1);
    const { directory } = await bundle('two', 2);
    const statement = `${directory}/${rotationFiles(from).statement}`;
    await run(['minisign', '-V', '-q', '-m', statement, '-p', path('old.pub')]);
    expect(JSON.parse(await readFile(statement, 'utf8')).to).toEqual(to);
    await run(['minisign', '-V', '-q', '-m', `${directory}/manifest.json`, '-P', to.publicKey]);
  });

  test('still trusts what the retired key signed before, and nothing newer', async () => {
    const before = await bundle('before', 1);
    await rotate(1);
    expect((await verify(before.directory)).key.last).toBeNull();
    const { directory } = await bundle('two', 2);
    await forge(path(), directory, { key: old.site });
    expect(await code(directory)).toBe('E2129');
  });

  test('refuses a rotation that another key has signed', async () => {
    const { from } = await rotate(1);
    const { directory } = await bundle('two', 2);
    const { statement, signature } = rotationFiles(from);
    const text = await readFile(`${directory}/${statement}`);
    const { site: other } = await siteKeys(path('keys'));
    await forge(path(), directory, { files: { [signature]: signBytes(text, other, 'x') } });
    expect(await code(directory)).toBe('E2127');
  });

  test('refuses a rotation of another site', async () => {
    await rotateKey(path('keys'), 'elsewhere', old.site, 1);
    expect(await code((await bundle('two', 2)).directory)).toBe('E2127');
  });

  test('refuses rotations that lead in a circle', async () => {
    await rotate(1);
    const { site: next } = await siteKeys(path('keys'));
    const { directory } = await bundle('two', 2);
    await forge(path(), directory, { files: signed(next, old.site), key: next });
    expect(await code(directory)).toBe('E2128');
  });

  test('refuses another key where no rotation leads to it', async () => {
    const { from } = await rotate(1);
    const { directory } = await bundle('two', 2);
    for (const name of Object.values(rotationFiles(from))) await rm(`${directory}/${name}`);
    expect(await code(directory)).toBe('E2102');
  });
});

/** A rotation from one key to another, as the holder of the first could write it. */
function signed(from: SiteKey, to: SiteKey): Record<string, string> {
  const publicKey = Buffer.concat([Buffer.from('Ed'), to.id, to.publicKey]).toString('base64');
  const text = JSON.stringify({
    apiVersion: 'cpiab.dev/v1',
    kind: 'KeyRotation',
    site: 'harbour',
    from: keyName(from),
    last: 9,
    to: { key: keyName(to), publicKey },
  });
  const names = rotationFiles(keyName(from));
  return { [names.statement]: text, [names.signature]: signBytes(Buffer.from(text), from, 'x') };
}

test('a machine that knows of a rotation refuses what the retired key signs, although the medium is silent', async () => {
  const { directory } = await bundle('two', 2);
  expect((await verify(directory)).key.last).toBeNull();
  await rotate(1);
  await cp(path('keys'), path('config', 'cpiab', 'keys', 'harbour'), { recursive: true });
  expect(await code(directory)).toBe('E2129');
});

test("a machine's own retired keys check the media of their time", async () => {
  const { directory } = await bundle('one', 1);
  await rotate(1);
  await cp(path('keys'), path('config', 'cpiab', 'keys', 'harbour'), { recursive: true });
  const key = await trustedKey(await openMedium(directory, signal), undefined);
  expect([key.name, key.last]).toEqual([keyName(old.site), 1]);
});

test('a rotation that was killed before the new key had its place leads nowhere', async () => {
  const secret = await readFile(path('keys', 'minisign.key'));
  await rotate(1);
  await writeFile(path('keys', 'minisign.key'), secret);
  expect((await siteKeys(path('keys'))).rotations.size).toBe(0);
  expect(await rotationsTo(path('keys'), keyName(old.site))).toEqual([]);
  const { directory } = await bundle('two', 2);
  expect((await verify(directory)).key.name).toBe(keyName(old.site));
});

test('the old secret key is gone after a rotation', async () => {
  const secret = await readFile(path('keys', 'minisign.key'), 'utf8');
  await rotate(1);
  const files = (await readdir(path('keys'))).map((name) => readFile(path('keys', name), 'utf8'));
  expect(await Promise.all(files)).not.toContain(secret);
});

test('a delta and a tarball carry the rotations', async () => {
  const base = await bundle('one', 1);
  await rotate(1);
  const target = await bundle('two', 2);
  const open = async (directory: string) => {
    const medium = await openMedium(directory, signal);
    return { medium, manifest: await readManifest(medium, await trustedKey(medium, path('old.pub'))) };
  };
  const scratch = path('scratch');
  await mkdir(scratch);
  const [one, two] = [await open(base.directory), await open(target.directory)];
  await writeDelta({ base: one, target: two, out: path('delta'), scratch, signal, onPlan: () => {} });
  const key = await trustedKey(two.medium, path('old.pub'));
  const trust = (medium: Medium) => trustedKey(medium, path('old.pub'));
  await applyDelta({ base: one.medium, delta: path('delta'), out: path('applied'), trust, signal });
  expect((await verify(path('applied'))).manifest).toEqual(two.manifest);
  const first = Object.keys(two.manifest.files).filter((name) => name.startsWith('rotation-'));
  const members = (names: string[]) => names.map((name) => `applied/${name}`);
  const rest = ['manifest.json', 'manifest.json.minisig', 'index.json', 'oci-layout', 'blobs', 'docker'];
  const pack = [
    'tar',
    '--directory',
    path(),
    '--transform',
    's/^applied/bundle/',
    '--zstd',
    '--create',
    '--file',
  ];
  await run([...pack, path('good.tar.zst'), ...members([...first, ...rest])]);
  await run([...pack, path('late.tar.zst'), ...members([...rest, ...first])]);
  const found = await trustedKey(await openMedium(path('good.tar.zst'), signal), path('old.pub'));
  expect(found.name).toBe(key.name);
  const late = await openMedium(path('late.tar.zst'), signal);
  expect((await refusal(trustedKey(late, path('old.pub')))).code).toBe('E2102');
});
