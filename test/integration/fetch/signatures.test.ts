import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { lockedSignatures } from '../../../builder/bundle/published.ts';
import { carryIn } from '../../../builder/fetch/carry-in.ts';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockSignatures } from '../../../builder/lock/signatures.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import type { Lock } from '../../../contract/lock.ts';
import type { Digest } from '../../../contract/manifest.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { audit } from '../../support/audit.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import {
  opensslKey,
  opensslSign,
  payloadFor,
  putSignatures,
  type Signed,
} from '../../support/registry/signatures.ts';
import { bundleOfImages, lockFor } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
const APP = 'quay.io/team/app:1.0';
let registry: TestRegistry;
let site: Site;
let host: BuildHost;
let image: Digest;

const siteWith = (signatures: object[], name = 'quay.io') =>
  SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: { [name]: { mirrors: [registry.base.href], ca: 'registry.pem', signatures } },
  });

beforeEach(async () => {
  for (const name of ['quay', 'repository']) await mkdir(path(name));
  registry = await startRegistry(path('quay'), { tls: true });
  await writeFile(path('repository', 'registry.pem'), registry.ca ?? '');
  site = siteWith([{ repository: 'team', key: 'team.pub' }]);
  host = quietHost(path('repository'), path('cache'));
  for (const name of ['team', 'stranger']) await opensslKey(path(), name);
  await copyFile(path('team.pub'), path('repository', 'team.pub'));
  const layers = [await tarLayer(1000)];
  image = (await registry.storage.put('team/app:1.0', { index: true, layers })).digest;
});
afterEach(() => registry.stop());

const signedBy = async (name: string, digest: string): Promise<Signed> =>
  await opensslSign(path(), name, payloadFor(digest));
const store = async (...signed: Signed[]) => await putSignatures(registry.storage, 'team/app', image, signed);
const lockAll = async (references = [APP]) =>
  await lockSignatures(await lockUpstream(references, site, host), site, host);
const lockOf = (upstream: Lock['upstream']): Lock => ({ ...lockFor([]), upstream });
const fetchAll = async (upstream: Lock['upstream']) => await fetchUpstream(site, lockOf(upstream), host);

/** The image where no other registry is asked: what a mirror lacks, the registry behind it may have. */
function onlyHere(): string {
  site = siteWith([{ key: 'team.pub' }], registry.base.host);
  return `${registry.base.host}/team/app:1.0`;
}

describe('an image with a signature by a key of the site', () => {
  test('is carried with all of them: signed manifest, index, registry, audit and skopeo have it to the byte', async () => {
    const signature = await store(await signedBy('stranger', image), await signedBy('team', image));
    await registry.storage.put('other/app:2', { layers: [await tarLayer(10)] });
    const upstream = await lockAll([APP, 'quay.io/other/app:2']);
    expect(upstream.map((locked) => locked.signature)).toEqual([undefined, signature]);
    const images = await fetchAll(upstream);
    const bundle = await bundleOfImages(path(), 'bundle', {
      ...{ lock: lockOf(upstream), images, cache: host.cache, sequence: 1 },
    });
    const tag = `sha256-${image.slice(7)}.sig`;
    expect(bundle.manifest.signatures).toEqual({ [`quay.io/team/app:${tag}`]: signature });
    expect(bundle.manifest.blobs.filter(({ role }) => role === 'image-signature')).toHaveLength(3);
    expect((await audit(bundle)).problems).toEqual([]);
    const served = await startRegistry(path('quay'), { storage: bundle.directory });
    onTestFinished(() => served.stop());
    const published = await raw(`docker://${registry.base.host}/team/app:${tag}`);
    expect(JSON.parse(published).layers).toHaveLength(2);
    expect(await raw(`docker://${served.base.host}/quay.io/team/app:${tag}`)).toBe(published);
    expect(await raw(`oci:${bundle.directory}:quay.io/team/app:${tag}`)).toBe(published);
    const copy = `docker://${served.base.host}/quay.io/team/app:${tag}`;
    await run(['skopeo', 'copy', '--quiet', '--src-tls-verify=false', copy, `dir:${path('copy')}`]);
    const [, payload] = JSON.parse(published).layers;
    expect(await readFile(path('copy', payload.digest.slice(7)))).toEqual(payloadFor(image));
  });

  test('is carried once for two tags of it', async () => {
    const { storage } = registry;
    const layers = [await tarLayer(10)];
    image = (await storage.put('team/app:1.0', { layers })).digest;
    expect((await storage.put('team/app:1', { layers })).digest).toBe(image);
    const signature = await store(await signedBy('team', image));
    const upstream = await lockAll([APP, 'quay.io/team/app:1']);
    expect(lockedSignatures(upstream).map(({ digest }) => digest)).toEqual([signature]);
    const images = await fetchAll(upstream);
    const bundle = await bundleOfImages(path(), 'bundle', {
      ...{ lock: lockOf(upstream), images, cache: host.cache, sequence: 1 },
    });
    expect((await audit(bundle)).problems).toEqual([]);
  });

  test('keeps the locked signatures when its publisher adds some, until it is locked anew', async () => {
    const first = await store(await signedBy('team', image));
    const upstream = await lockAll();
    const second = await store(await signedBy('team', image), await signedBy('stranger', image));
    expect(`sha256:${(await fetchAll(upstream))[0]?.signatures?.manifest.file.sha256}`).toBe(first);
    expect((await lockAll())[0]?.signature).toBe(second);
  });
});

test('signatures come from a folder too, and what it lacks is named with the way to get it', async () => {
  const signature = await store(await signedBy('team', image));
  const upstream = await lockAll();
  const copy = (from: string, name: string) =>
    run([
      ...['skopeo', 'copy', '--quiet', '--all', '--preserve-digests', '--src-tls-verify=false'],
      ...[`docker://${registry.base.host}/team/app${from}`, `oci:${path('parts')}:${name}`],
    ]);
  await copy(`@${image}`, APP);
  const fresh = { ...quietHost(path('repository'), path('other-cache')), from: path('parts') };
  const refused = await refusal(carryIn(site, lockOf(upstream), fresh));
  expect(refused.code).toBe('E3090');
  const tag = `quay.io/team/app:sha256-${image.slice(7)}.sig`;
  expect(refused.toText()).toContain(`docker://quay.io/team/app@${signature} oci:${path('parts')}:${tag}`);
  await copy(`@${signature}`, tag);
  await carryIn(site, lockOf(upstream), fresh);
  const [fetched] = await fetchUpstream(site, lockOf(upstream), fresh);
  expect(`sha256:${fetched?.signatures?.manifest.file.sha256}`).toBe(signature);
});

describe('lock refuses an image', () => {
  test('without a signature, and names image, tag and key', async () => {
    const app = onlyHere();
    const refused = await refusal(lockAll([app]));
    expect(refused).toMatchObject({ code: 'E2140', subject: app });
    expect(refused.message).toContain(`no signature sha256-${image.slice(7)}.sig`);
    expect(refused.message).toContain('team.pub');
  });

  test('with a signature by another key alone', async () => {
    await store(await signedBy('stranger', image));
    expect(await refusal(lockAll())).toMatchObject({ code: 'E2141', subject: APP });
  });

  test('with a signature whose payload was changed', async () => {
    const { signature } = await signedBy('team', `sha256:${'0'.repeat(64)}`);
    await store({ payload: payloadFor(image), signature });
    expect((await refusal(lockAll())).code).toBe('E2141');
  });

  test("with another image's signature", async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    await store(await signedBy('team', other));
    const refused = await refusal(lockAll());
    expect(refused.code).toBe('E2142');
    expect(refused.message).toContain(`by team.pub is for another image: ${other}, not ${image}`);
  });

  test('whose payload is not that of a signature of an image', async () => {
    await store(await opensslSign(path(), 'team', payloadFor(image, 'atomic container signature')));
    expect((await refusal(lockAll())).code).toBe('E2143');
  });

  test('beside which the tag names something else', async () => {
    const signed = [await signedBy('team', image)];
    await putSignatures(registry.storage, 'team/app', image, signed, { mediaType: 'text/plain' });
    expect((await refusal(lockAll())).code).toBe('E2143');
    await registry.storage.put(`team/app:sha256-${image.slice(7)}.sig`, { format: 'docker' });
    expect((await refusal(lockAll())).code).toBe('E2143');
  });

  test('when the key is none, or there is none', async () => {
    await store(await signedBy('team', image));
    await copyFile(path('team.pem'), path('repository', 'team.pub'));
    expect(await refusal(lockAll())).toMatchObject({ code: 'E1090', subject: 'team.pub' });
    site = siteWith([{ key: 'nowhere.pub' }]);
    expect(await refusal(lockAll())).toMatchObject({ code: 'E1006', subject: 'nowhere.pub' });
  });
});

describe('build refuses a locked image', () => {
  test('that the keys of today did not sign, before any layer comes', async () => {
    await store(await signedBy('team', image));
    const upstream = await lockAll();
    await copyFile(path('stranger.pub'), path('repository', 'team.pub'));
    expect(await refusal(fetchAll(upstream))).toMatchObject({ code: 'E2141', subject: APP });
    const { manifest } = upstream[0] as Lock['upstream'][number];
    await expect(readFile(host.cache.blobPath(manifest.slice(7)))).rejects.toThrow('ENOENT');
  });

  test('that was locked without a signature, or with one that the site has no key for', async () => {
    const unsigned = await lockUpstream([APP], site, host);
    expect((await refusal(fetchAll(unsigned))).code).toBe('E2144');
    await store(await signedBy('team', image));
    const signed = await lockAll();
    site = siteWith([]);
    expect((await refusal(fetchAll(signed))).code).toBe('E2144');
  });

  test('whose signature the lock pins by another digest', async () => {
    await store(await signedBy('team', image));
    const upstream = await lockAll([onlyHere()]);
    const signature = `sha256:${'0'.repeat(64)}` as const;
    const changed = upstream.map((locked) => ({ ...locked, signature }));
    expect((await refusal(fetchAll(changed))).code).toBe('E2140');
  });

  test('whose payload was changed in the cache', async () => {
    await store(await signedBy('team', image));
    const upstream = await lockAll();
    const payload = (await fetchAll(upstream))[0]?.signatures?.payloads[0];
    await writeFile(payload?.path ?? '', payloadFor(`sha256:${'0'.repeat(64)}`));
    expect((await refusal(fetchAll(upstream))).code).toBe('E3010');
  });
});

test('an audit finds signatures that the lock does not pin', async () => {
  await store(await signedBy('team', image));
  const upstream = await lockAll();
  const signature = `sha256:${'0'.repeat(64)}` as const;
  const lock = lockOf(upstream.map((locked) => ({ ...locked, signature })));
  const images = await fetchAll(upstream);
  const bundle = await bundleOfImages(path(), 'bundle', { lock, images, cache: host.cache, sequence: 1 });
  expect((await audit(bundle)).problems.map(({ code }) => code)).toContain('E2122');
});

/** A manifest's bytes, as skopeo reads them. */
async function raw(address: string): Promise<string> {
  const insecure = address.startsWith('docker:') ? ['--tls-verify=false'] : [];
  return (await run(['skopeo', 'inspect', '--raw', ...insecure, address])).stdout;
}
