import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import type { Manifest } from '../../../contract/manifest.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { type AllKinds, startAllKinds } from '../../support/kinds/servers.ts';
import { startRegistry } from '../../support/registry/server.ts';
import { removeTree } from '../../support/remove-tree.ts';

/** Locking asks Debian's mirror, building needs the build root. */
const LONG = 600_000;
const here = dirname(dirname(dirname(import.meta.dirname)));
const fluxFolder = 'cluster/kubernetes/flux';
let directory: string;
let repository: string;
let kinds: AllKinds;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-kinds-'));
  repository = join(directory, 'repository');
  await run(['git', 'clone', '--quiet', here, repository]);
  await symlink(join(here, 'node_modules'), join(repository, 'node_modules'));
  await appendFile(join(repository, '.git', 'info', 'exclude'), 'node_modules\n');
  kinds = await startAllKinds(directory, repository);
  await writeSites();
  await commit();
}, LONG);
afterAll(async () => {
  await kinds?.stop();
  await removeTree(directory);
});

const cpiab = async (...args: string[]) => {
  const env = {
    CI: 'true',
    DOCKER_CONFIG: directory,
    GIT_CONFIG_GLOBAL: join(directory, 'gitconfig'),
    XDG_RUNTIME_DIR: '',
    XDG_CONFIG_HOME: join(directory, 'config'),
  };
  return (await run([process.execPath, 'cli/main.ts', ...args], { cwd: repository, env })).stdout;
};
const documentOf = async <Document>(...args: string[]) =>
  JSON.parse(await cpiab(...args, '--json')) as Document;

async function commit(): Promise<void> {
  const git = (...args: string[]) =>
    run(['git', '-C', repository, '-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args]);
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'change');
}

const webPath = () => join(repository, fluxFolder, 'pier', 'web.yaml');

/** `harbour` has no box; `pier` has one, whose Git installs the chart. */
async function writeSites(): Promise<void> {
  const write = async (path: string, ...documents: object[]) =>
    await writeFile(join(repository, path), documents.map((one) => stringify(one)).join('---\n'));
  const site = (name: string, bundles: string[], more: object) => ({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name,
    bundles,
    ...kinds.settings,
    ...more,
  });
  const engine = { kind: 'kubeadm', version: 'v1.36.3' };
  await write('config/clusters/harbour.yaml', site('harbour', ['parts'], {}));
  await write('config/clusters/pier.yaml', site('pier', ['core', 'parts'], { engine }));
  await write('bundles/parts.yaml', {
    apiVersion: 'cpiab.dev/v1',
    kind: 'BundleSet',
    name: 'parts',
    title: 'One part of every kind that others publish',
    images: Object.keys(kinds.images),
    charts: Object.keys(kinds.charts),
    files: [{ url: kinds.file.url, path: 'tools/tool' }],
    git: [{ url: kinds.repository.url, ref: 'v1' }],
    programs: [],
    apps: [],
  });
  await cp(join(repository, fluxFolder, 'lab'), join(repository, fluxFolder, 'pier'), { recursive: true });
  await write(`${fluxFolder}/pier/web.yaml`, ...webObjects());
  const kustomization = join(repository, fluxFolder, 'pier', 'kustomization.yaml');
  const text = await readFile(kustomization, 'utf8');
  await writeFile(kustomization, text.replace('resources:\n', 'resources:\n  - web.yaml\n'));
}

function webObjects(): object[] {
  const metadata = { name: 'web', namespace: 'flux-system' };
  const source = (kind: string, spec: object) => ({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind,
    metadata,
    spec: { interval: '1h', ...spec },
  });
  return [
    source('OCIRepository', { url: 'oci://ghcr.io/team/charts/web', ref: { tag: '1.2.3' } }),
    source('GitRepository', { url: kinds.repository.url, ref: { tag: 'v1' } }),
    {
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      metadata,
      spec: { interval: '1h', chartRef: { kind: 'OCIRepository', name: 'web' } },
    },
  ];
}

describe('a site with images, a chart, a file and a Git repository', () => {
  test(
    'is locked, built, verified and read back with the digests that they were published with',
    async () => {
      await cpiab('lock', 'harbour');
      await commit();
      await cpiab('build', 'harbour', '--frozen');
      const bundle = join(repository, 'dist', 'harbour', 'bundle');
      await cpiab('verify', bundle, '--all');
      await cpiab('verify', join(repository, 'dist', 'harbour', 'cpiab-harbour.tar.zst'));
      const manifest = await documentOf<Manifest>('inspect', bundle);
      const { file, repository: source } = kinds;
      const sha256 = createHash('sha256').update(file.content).digest('hex');
      expect(manifest).toMatchObject({
        images: kinds.images,
        charts: kinds.charts,
        downloads: { 'tools/tool': `sha256:${sha256}` },
        repositories: { [`${source.url}@v1`]: { commit: source.commit } },
      });
      await readBack(bundle);
      const blob = (digest = '') => join(bundle, 'blobs', digest.replace(':', '/'));
      expect(file.content.equals(await readFile(blob(manifest.downloads['tools/tool'])))).toBe(true);
      const pack = blob(manifest.repositories[`${source.url}@v1`]?.digest);
      await run(['git', 'clone', '--quiet', '--branch', 'v1', pack, join(directory, 'clone')]);
      const { stdout } = await run(['git', '-C', join(directory, 'clone'), 'rev-parse', 'HEAD']);
      expect(stdout.trim()).toBe(source.commit);
    },
    LONG,
  );

  test(
    'is a closed world where Git installs the chart, and open as soon as a part is missing',
    async () => {
      await cpiab('lock', 'pier');
      await commit();
      const world = await documentOf<{
        findings: unknown[];
        charts: { chart: string }[];
        repositories: { repository: string }[];
        images: { image: string; ways: string[] }[];
      }>('close', 'pier');
      expect(world.findings).toEqual([]);
      expect(world.charts.map(({ chart }) => chart)).toEqual(Object.keys(kinds.charts));
      expect(world.repositories).toHaveLength(1);
      const ways = new Map(world.images.map(({ image, ways: found }) => [image, found.join()]));
      for (const image of Object.keys(kinds.images))
        expect(ways.get(image)).toContain('HelmRelease/flux-system/web → ghcr.io/team/charts/web:1.2.3 → ');
      await writeFile(webPath(), (await readFile(webPath(), 'utf8')).replace('1.2.3', '1.2.4'));
      await commit();
      const opened = await cpiab('close', 'pier').then(
        () => '',
        (error: unknown) => (error instanceof ProcessError ? error.stdout : String(error)),
      );
      expect(opened).toMatch(/^CPIAB-E2221 .*web.yaml:\d+: needs chart ghcr.io\/team\/charts\/web:1.2.4, /m);
    },
    LONG,
  );
});

/** What skopeo finds in a real registry over the bundle: to the byte what was published. */
async function readBack(bundle: string): Promise<void> {
  const own = join(directory, 'served');
  await mkdir(own);
  const served = await startRegistry(own, { storage: bundle });
  onTestFinished(() => served.stop());
  for (const [reference, digest] of Object.entries({ ...kinds.images, ...kinds.charts })) {
    const image = `docker://${served.base.host}/${reference}`;
    const { stdout } = await run(['skopeo', 'inspect', '--raw', '--tls-verify=false', image]);
    expect(`sha256:${createHash('sha256').update(stdout).digest('hex')}`, reference).toBe(digest);
  }
}
