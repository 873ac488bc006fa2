import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { LockSchema } from '../../contract/lock.ts';
import { type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { type ProcessError, run } from '../../host/process.ts';
import { engineVersion, type ReleaseServer, startReleaseServer } from '../support/k3s-release.ts';
import { type StoredImage, tarLayer } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { removeTree } from '../support/remove-tree.ts';

const here = dirname(dirname(import.meta.dirname));
const names = ['rancher/klipper-helm:v0.9.12-build20251215', 'rancher/mirrored-pause:3.6'];
const references = names.map((name) => `docker.io/${name}`);
const binary = Buffer.alloc(3 << 20, 'k3s');
let path: (...names: string[]) => string;
let server: ReleaseServer;
let registry: TestRegistry;
let stored: StoredImage[];
let manifest: Manifest;

/** Runs `cpiab` in a copy of the repository that has the site, with keys of its own. */
async function cpiab(...args: string[]): Promise<string> {
  const argv = [process.execPath, path('repository', 'cli', 'main.ts'), ...args];
  const env = { XDG_CONFIG_HOME: path('config'), DOCKER_CONFIG: path('config'), CI: 'true' };
  const onLine = (line: string, stream: string) => stream === 'stderr' && process.stderr.write(`${line}\n`);
  return (await run(argv, { cwd: path('repository'), env, onLine })).stdout;
}

const refusal = async (...args: string[]) =>
  await cpiab(...args).then(
    () => expect.unreachable(),
    (error: unknown) => (error as ProcessError).stderr,
  );

const git = async (...args: string[]) => await run(['git', '-C', path('repository'), ...args]);

/** The release, and the registry that has its images. */
async function publish(): Promise<void> {
  server = await startReleaseServer(path('server'));
  server.publish({
    k3s: binary,
    'k3s-images.txt': `${references.join('\n')}\n`,
    'sha256sum-amd64.txt': server.checksums(binary),
  });
  registry = await startRegistry(path('registry'), { tls: true });
  const layers = [await tarLayer(1000)];
  const platforms = ['linux/amd64', 'linux/arm64'];
  stored = [];
  for (const name of names) stored.push(await registry.storage.put(name, { platforms, layers }));
}

beforeAll(async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-k3s-'));
  path = (...parts) => join(scratch, ...parts);
  for (const name of ['server', 'registry', 'over', 'config']) await mkdir(path(name));
  await publish();
  await run(['git', 'clone', '--quiet', here, path('repository')]);
  await symlink(join(here, 'node_modules'), path('repository', 'node_modules'));
  await writeFile(path('repository', 'server.pem'), server.ca);
  await writeFile(path('repository', 'registry.pem'), registry.ca ?? '');
  const site = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    engine: { kind: 'k3s', version: engineVersion, release: server.release },
    servers: { [server.base.host]: { ca: 'server.pem' } },
    registries: { 'docker.io': { mirrors: [registry.base.href], ca: 'registry.pem' } },
  };
  await writeFile(path('repository', 'config', 'clusters', 'harbour.yaml'), stringify(site));
  await cpiab('lock', 'harbour');
  await git('add', '--all');
  await git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '-m', 'harbour');
  await cpiab('build', 'harbour', '--frozen');
  const text = await readFile(path('repository', 'dist', 'harbour', 'manifest.json'), 'utf8');
  manifest = ManifestSchema.parse(JSON.parse(text));
});
afterAll(async () => {
  await Promise.all([server.stop(), registry.stop()]);
  await removeTree(path());
});

const dist = (...parts: string[]) => path('repository', 'dist', 'harbour', ...parts);

test('the lock has the files of the release and its images, a line each', async () => {
  const text = await readFile(path('repository', 'config', 'clusters', 'harbour.lock.json'), 'utf8');
  const { files, upstream, go } = LockSchema.parse(JSON.parse(text));
  expect(files.map((file) => [file.path, file.release])).toEqual(
    ['k3s', 'k3s-images.txt', 'sha256sum-amd64.txt'].map((name) => [`engine/${name}`, engineVersion]),
  );
  expect(upstream.map(({ reference, digest, release }) => [reference, digest, release])).toEqual(
    references.map((reference, index) => [reference, stored[index]?.digest, engineVersion]),
  );
  for (const { sha256 } of files)
    expect(text.split('\n').filter((line) => line.includes(sha256))).toHaveLength(1);
  expect(go).toEqual([]);
});

test('the bundle has the binary with role and reason, and its media are verified by all there is', async () => {
  const digest = manifest.downloads['engine/k3s'] ?? '';
  expect(manifest.blobs.find((blob) => blob.digest === digest)).toMatchObject({
    role: 'file',
    for: ['files'],
    size: binary.length,
  });
  expect(binary.equals(await readFile(dist('bundle', 'blobs', 'sha256', digest.slice(7))))).toBe(true);
  for (const medium of ['bundle', 'cpiab-harbour.tar.zst']) await cpiab('verify', '--all', dist(medium));
  expect(await cpiab('inspect', dist('bundle'))).toMatch(/^engine\/k3s +sha256:[0-9a-f]{64}$/m);
});

test('what the release lists checks what the bundle has, with plain tools', async () => {
  const { stdout } = await run([
    'skopeo',
    'inspect',
    '--raw',
    `oci:${dist('bundle')}:cpiab.dev/artifact/files`,
  ]);
  const { layers } = JSON.parse(stdout) as { layers: { digest: string; annotations: object }[] };
  for (const { digest, annotations } of layers) {
    const title = String(Object.values(annotations)[0]);
    await run(['install', '-D', dist('bundle', 'blobs', 'sha256', digest.slice(7)), path('pulled', title)]);
  }
  const checked = await run(['sha256sum', '--check', '--ignore-missing', '--strict', 'sha256sum-amd64.txt'], {
    cwd: path('pulled', 'engine'),
  });
  expect(checked.stdout).toBe('k3s: OK\n');
});

test('a registry over the bundle has each image below the name of its own, by its digest', async () => {
  const served = await startRegistry(path('over'), { storage: dist('bundle') });
  try {
    for (const [index, reference] of references.entries()) {
      const image = `docker://${served.base.host}/${reference}`;
      const inspect = ['skopeo', 'inspect', '--tls-verify=false', '--format', '{{.Digest}}', image];
      expect((await run(inspect)).stdout.trim()).toBe(stored[index]?.digest);
    }
  } finally {
    await served.stop();
  }
});

test('nothing of it boots, and Git has nothing to prove: both are told', async () => {
  expect(await refusal('build', 'harbour', '--only', 'iso')).toContain(
    'CPIAB-E1080 harbour: has no box to boot, so no iso: no box runs engine k3s yet',
  );
  expect(await cpiab('close', 'harbour')).toContain(
    'skipped: no box runs engine k3s yet, so its Git applies nothing',
  );
});

test('a release that was made again is drift', async () => {
  const other = Buffer.alloc(3 << 20, 'k3S');
  server.publish({ k3s: other, 'sha256sum-amd64.txt': server.checksums(other) });
  const drift = await cpiab('lock', 'harbour', '--check').catch(({ stdout }: ProcessError) => stdout);
  expect(drift).toMatch(/^engine\/k3s .*v1\.36\.3\+k3s1 was released again with another file$/m);
});
