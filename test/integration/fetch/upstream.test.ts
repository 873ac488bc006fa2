import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { openDirectory } from '../../../builder/verify/directory.ts';
import { verifyMedium } from '../../../builder/verify/verify.ts';
import type { Lock } from '../../../contract/lock.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import type { StoredImage } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { startTokenServer, type TokenServer } from '../../support/registry/token-server.ts';
import { bundleOfImages } from '../../support/tiny-bundle.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const { signal } = new AbortController();
const path = freshDirectory();
const login = { user: 'alice', password: 'secret' };
let quay: TestRegistry;
let github: TestRegistry;
let docker: TestRegistry;
let tokens: TokenServer;
let site: Site;
let host: BuildHost;
const references = ['docker.io/library/app:1.0', 'ghcr.io/team/app:v2', 'quay.io/team/app:3'];

beforeEach(async () => {
  for (const name of ['docker', 'github', 'quay', 'repository', 'logins']) await mkdir(path(name));
  tokens = await startTokenServer(path('docker'));
  docker = await startRegistry(path('docker'), { tls: true, tokens });
  github = await startRegistry(path('github'), { tls: true, login });
  quay = await startRegistry(path('quay'));
  await writeFile(path('repository', 'docker.pem'), docker.ca ?? '');
  await writeFile(path('repository', 'github.pem'), github.ca ?? '');
  const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  await writeFile(path('logins', 'config.json'), JSON.stringify({ auths: { [github.base.host]: { auth } } }));
  vi.stubEnv('DOCKER_CONFIG', path('logins'));
  vi.stubEnv('XDG_RUNTIME_DIR', '');
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: {
      'docker.io': { mirrors: [docker.base.href], ca: 'docker.pem' },
      'ghcr.io': { mirrors: [github.base.href], ca: 'github.pem' },
      'quay.io': { mirrors: [quay.base.href] },
    },
  });
  host = quietHost(path('repository'), path('cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([docker, github, quay, tokens].map((server) => server.stop()));
});

/** A layer that is a real tar, and the same compressed. */
async function layerTar(): Promise<Buffer> {
  await writeFile(path('hello'), 'hello\n');
  await run(['tar', '--directory', path(), '--create', '--file', path('layer.tar'), 'hello']);
  return await readFile(path('layer.tar'));
}

async function putAll() {
  const layers = [await layerTar()];
  return [
    await docker.storage.put('library/app:1.0', { platforms: ['linux/arm64', 'linux/amd64'], layers }),
    await github.storage.put('team/app:v2', { format: 'docker', layers, gzip: true }),
    await quay.storage.put('team/app:3', { index: true, format: 'docker', layers, gzip: true }),
  ];
}

/** What the lock's images become: a bundle on disk, signed with a key of its own. */
async function bundleOf(lock: Lock) {
  const images = await fetchUpstream(site, lock, host);
  return await bundleOfImages(path(), 'bundle', { lock, images, sequence: 1 });
}

/** Digest that skopeo finds; it reads config and layers' names as well. */
async function inspected(image: string): Promise<string> {
  const insecure = image.startsWith('docker:') ? ['--tls-verify=false'] : [];
  const { stdout } = await run(['skopeo', 'inspect', ...insecure, '--format', '{{.Digest}}', image]);
  return stdout.trim();
}

describe('published images', () => {
  test('keep their digests from three registries to the bundle, for skopeo and for a registry over it', async () => {
    const stored = await putAll();
    const upstream = await lockUpstream(references, site, host);
    expect(upstream.map(({ digest }) => digest)).toEqual(stored.map(({ digest }) => digest));
    const { manifest, key } = await bundleOf(tinyLock({ site: 'harbour', upstream }));
    expect(Object.values(manifest.images)).toEqual(stored.map(({ digest }) => digest));
    expect((await verifyMedium(openDirectory(path('bundle')), key, signal)).manifest).toEqual(manifest);
    // Docker's own media types may lie in an OCI layout, but skopeo looks for OCI's there.
    expect(await inspected(`oci:${path('bundle')}:${references[0]}`)).toBe(stored[0]?.digest);
    const served = await startRegistry(path('quay'), { storage: path('bundle') });
    onTestFinished(() => served.stop());
    for (const [index, reference] of references.entries()) {
      const { digest, manifests } = stored[index] as StoredImage;
      const name = reference.slice(0, reference.lastIndexOf(':'));
      const at = (suffix: string) => `docker://${served.base.host}/${name}${suffix}`;
      expect(await inspected(at(reference.slice(name.length)))).toBe(digest);
      expect(await inspected(at(`@${digest}`))).toBe(digest);
      expect(await inspected(at(`@${manifests.at(-1)}`))).toBe(manifests.at(-1));
      await run([
        'skopeo',
        'copy',
        '--quiet',
        '--src-tls-verify=false',
        at(`@${digest}`),
        `dir:${path(`copy-${index}`)}`,
      ]);
    }
  });

  test('come by digest: a tag that was moved since changes nothing', async () => {
    const [first] = await putAll();
    const upstream = await lockUpstream(references, site, host);
    await docker.storage.put('library/app:1.0', { layers: [5000] });
    const images = await fetchUpstream(site, tinyLock({ upstream }), host);
    expect(`sha256:${images[0]?.index?.file.sha256}`).toBe(first?.digest);
    const again = await lockUpstream(references, site, host);
    expect(again[0]?.digest).not.toBe(first?.digest);
  });

  test('are refused when a layer is no tar', async () => {
    await quay.storage.put('team/app:3', { layers: [5000] });
    const upstream = await lockUpstream(['quay.io/team/app:3'], site, host);
    const refused = await refusal(fetchUpstream(site, tinyLock({ upstream }), host));
    expect(refused.toText()).toMatch(
      /^CPIAB-E3017 quay.io\/team\/app:3 layer sha256:[0-9a-f]{64}: .* it is not a tar$/m,
    );
  });

  test('are refused when a layer is not what the config says', async () => {
    await quay.storage.put('team/app:3', { layers: [await layerTar()], gzip: true, wrongDiffIds: true });
    const upstream = await lockUpstream(['quay.io/team/app:3'], site, host);
    expect((await refusal(fetchUpstream(site, tinyLock({ upstream }), host))).code).toBe('E2103');
  });
});
