import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { carryIn } from '../../../builder/fetch/carry-in.ts';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockReferrers } from '../../../builder/lock/referrers.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import type { Lock } from '../../../contract/lock.ts';
import type { Digest } from '../../../contract/manifest.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { audit } from '../../support/audit.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { type FaultProxy, startFaults } from '../../support/registry/faults.ts';
import { type StoredImage, tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { bundleOfImages, lockFor } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
const APP = 'quay.io/team/app:1.0';
const SPDX = 'application/spdx+json';
const SIGSTORE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const SOCI = 'application/vnd.amazon.soci.index.v2+json';
let registry: TestRegistry;
let front: FaultProxy;
let site: Site;
let host: BuildHost;
let image: StoredImage;

beforeEach(async () => {
  for (const name of ['upstream', 'repository']) await mkdir(path(name));
  registry = await startRegistry(path('upstream'));
  front = await startFaults(registry.base);
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: { 'quay.io': { mirrors: [front.base.href] } },
  });
  host = quietHost(path('repository'), path('cache'));
  image = await registry.storage.put('team/app:1.0', { index: true, layers: [await tarLayer(1000)] });
});
afterEach(async () => {
  await front.stop();
  await registry.stop();
});

/** Stores what says that it is about a manifest, but lists it nowhere. */
const refer = async (
  subject: Digest,
  artifactType: string,
  size = 100,
  name = artifactType,
): Promise<Digest> =>
  await registry.storage.putArtifact(`team/app:stored-${name.replace(/\W/g, '-')}-${size}`, {
    artifactType,
    subject: { digest: subject },
    annotations: { 'org.example.of': name },
    config: { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') },
    layers: [{ mediaType: artifactType, bytes: Buffer.alloc(size, name) }],
  });
const tagOf = (digest: Digest) => digest.replace(':', '-');
/** Lists manifests where clients of registries without the API look. */
const list = async (subject: Digest, ...digests: Digest[]) =>
  await registry.storage.putIndex(
    `team/app:${tagOf(subject)}`,
    digests.map((digest) => ({ digest })),
  );
const lockAll = async () => await lockReferrers(await lockUpstream([APP], site, host), site, host);
const lockOf = (upstream: Lock['upstream']): Lock => ({ ...lockFor([]), upstream });
const bundleOf = async (upstream: Lock['upstream'], lock = lockOf(upstream)) => {
  const images = await fetchUpstream(site, lockOf(upstream), host);
  return await bundleOfImages(path(), 'bundle', { lock, images, cache: host.cache, sequence: 1 });
};
const platform = () => image.manifests[0] as Digest;

describe('what refers to an image', () => {
  test('is carried: signature and bill of materials, of the index and of the manifest', async () => {
    const sbom = await refer(platform(), SPDX, 5000);
    const signature = await refer(image.digest, SIGSTORE);
    await list(platform(), sbom);
    await list(image.digest, signature);
    const before = (await lockUpstream([APP], site, host))[0]?.size ?? 0;
    const upstream = await lockAll();
    expect(upstream[0]?.referrers).toEqual([sbom, signature].toSorted());
    expect(upstream[0]?.size).toBe(before + 5000 + 100 + 2 * '{}'.length);
    const bundle = await bundleOf(upstream);
    expect(Object.keys(bundle.manifest.referrers).toSorted()).toEqual(
      [platform(), image.digest].map((digest) => `quay.io/team/app:${tagOf(digest)}`).toSorted(),
    );
    expect((await audit(bundle)).problems).toEqual([]);
    const served = await startRegistry(path('upstream'), { storage: bundle.directory });
    onTestFinished(() => served.stop());
    const at = `${served.base.host}/quay.io/team/app`;
    const index = JSON.parse(await raw(`docker://${at}:${tagOf(platform())}`));
    expect(index.manifests).toEqual([
      expect.objectContaining({ digest: sbom, artifactType: SPDX, annotations: { 'org.example.of': SPDX } }),
    ]);
    const published = await raw(`docker://${registry.base.host}/team/app@${sbom}`);
    expect(await raw(`docker://${at}@${sbom}`)).toBe(published);
    const [layer] = JSON.parse(published).layers;
    const blob = await fetch(`http://${at.replace('/', '/v2/')}/blobs/${layer.digest}`);
    expect(Buffer.from(await blob.arrayBuffer())).toEqual(Buffer.alloc(5000, SPDX));
  });

  test('is asked for by the API where the registry has it, page by page', async () => {
    const first = await refer(image.digest, SIGSTORE, 1);
    const second = await refer(image.digest, SIGSTORE, 2);
    front.faults.push(({ url = '' }, outgoing) => {
      if (!url.startsWith(`/v2/team/app/referrers/${image.digest}`)) return false;
      const digest = url.includes('?') ? second : first;
      const link = `</v2/team/app/referrers/${image.digest}?last=1>; rel="next"`;
      outgoing.writeHead(200, url.includes('?') ? {} : { link });
      outgoing.end(JSON.stringify({ schemaVersion: 2, manifests: [{ digest, artifactType: SIGSTORE }] }));
      return true;
    });
    await list(image.digest, await refer(image.digest, SPDX));
    expect((await lockAll())[0]?.referrers).toEqual([first, second].toSorted());
  });

  test.each([400, 403, 405])('is found at its tag where the API is answered with %d', async (status) => {
    front.faults.push(({ url = '' }, outgoing) => {
      if (!url.includes('/referrers/')) return false;
      outgoing.writeHead(status).end();
      return true;
    });
    const sbom = await refer(image.digest, SPDX);
    await list(image.digest, sbom);
    expect((await lockAll())[0]?.referrers).toEqual([sbom]);
  });

  test('stays behind when it is no signature, bill of materials or attestation, or about something else', async () => {
    const other: Digest = `sha256:${'0'.repeat(64)}`;
    await list(image.digest, await refer(image.digest, SOCI), await refer(other, SPDX));
    expect((await lockAll())[0]).not.toHaveProperty('referrers');
  });

  test('is the locked one, whatever is listed later', async () => {
    const first = await refer(image.digest, SIGSTORE, 1);
    await list(image.digest, first);
    const upstream = await lockAll();
    await list(image.digest, first, await refer(image.digest, SIGSTORE, 2));
    const [fetched] = await fetchUpstream(site, lockOf(upstream), host);
    expect(fetched?.referrers?.map(({ manifest }) => `sha256:${manifest.sha256}`)).toEqual([first]);
  });

  test('comes from a folder too, and what it lacks is named with the way to get it', async () => {
    const sbom = await refer(image.digest, SPDX);
    await list(image.digest, sbom);
    const upstream = await lockAll();
    const fresh = { ...quietHost(path('repository'), path('other-cache')), from: path('parts') };
    await copy(`@${image.digest}`, APP);
    const refused = await refusal(carryIn(site, lockOf(upstream), fresh));
    expect(refused.code).toBe('E3090');
    const name = `quay.io/team/app:${tagOf(sbom)}`;
    expect(refused.toText()).toContain(`docker://quay.io/team/app@${sbom} oci:${path('parts')}:${name}`);
    await copy(`@${sbom}`, name);
    await carryIn(site, lockOf(upstream), fresh);
    const [fetched] = await fetchUpstream(site, lockOf(upstream), fresh);
    expect(fetched?.referrers).toHaveLength(1);
  });
});

describe('is refused', () => {
  test('a locked referrer that is about another image', async () => {
    const other = await refer(`sha256:${'0'.repeat(64)}`, SPDX);
    const [locked] = await lockUpstream([APP], site, host);
    const changed = [{ ...(locked as Lock['upstream'][number]), referrers: [other] }];
    expect((await refusal(fetchUpstream(site, lockOf(changed), host))).code).toBe('E3017');
  });

  test('a list that is none', async () => {
    front.faults.push(({ url = '' }, outgoing) => {
      if (!url.includes('/referrers/')) return false;
      outgoing.end('[]');
      return true;
    });
    expect((await refusal(lockAll())).code).toBe('E3017');
  });

  test('by an audit: referrers that the lock does not pin, and pinned ones that are not there', async () => {
    const sbom = await refer(image.digest, SPDX);
    await list(image.digest, sbom);
    const upstream = await lockAll();
    const pinned: Digest = `sha256:${'0'.repeat(64)}`;
    const other = upstream.map((locked) => ({ ...locked, referrers: [pinned] }));
    const { problems } = await audit(await bundleOf(upstream, lockOf(other)));
    const found = problems.filter(({ code }) => code === 'E2122').map(({ message }) => message);
    expect(found).toEqual([expect.stringContaining(sbom), expect.stringContaining(pinned)]);
  });
});

/** Lays a part of the registry into the folder for a build without network. */
const copy = (from: string, name: string) =>
  run([
    ...['skopeo', 'copy', '--quiet', '--all', '--preserve-digests', '--src-tls-verify=false'],
    ...[`docker://${registry.base.host}/team/app${from}`, `oci:${path('parts')}:${name}`],
  ]);

/** A manifest's bytes, as skopeo reads them. */
async function raw(address: string): Promise<string> {
  return (await run(['skopeo', 'inspect', '--raw', '--tls-verify=false', address])).stdout;
}
