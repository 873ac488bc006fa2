import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { carryIn } from '../../../builder/fetch/carry-in.ts';
import { fetchCharts } from '../../../builder/fetch/charts.ts';
import { fetchFiles } from '../../../builder/fetch/files.ts';
import { fetchSources } from '../../../builder/fetch/sources.ts';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockCharts } from '../../../builder/lock/charts.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { suppliesOf } from '../../../builder/preflight/hosts.ts';
import { planWork } from '../../../builder/preflight/work.ts';
import type { Lock } from '../../../contract/lock.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import type { Sandbox } from '../../../host/sandbox.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { chartArchive } from '../../support/registry/charts.ts';
import { type FaultProxy, startFaults } from '../../support/registry/faults.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { bundleOfImages } from '../../support/tiny-bundle.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const image = 'ghcr.io/team/app:1.0';
const chart = 'ghcr.io/team/charts/web:1.2.3';
const tool = Buffer.from('a tool');
/** The same name as the other file's, other content. */
const otherTool = Buffer.from('other!');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let registry: TestRegistry;
/** Stands before the registry and writes down who asks. */
let asked: FaultProxy;
let site: Site;
let lock: Lock;
let layer: string;

beforeEach(async () => {
  for (const name of ['registry', 'folder']) await mkdir(path(name));
  registry = await startRegistry(path('registry'));
  asked = await startFaults(registry.base);
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: { 'ghcr.io': { mirrors: [asked.base.href] } },
  });
  const platforms = ['linux/arm64', 'linux/amd64'];
  const stored = await registry.storage.put('team/app:1.0', {
    platforms,
    layers: [await tarLayer(5000)],
    gzip: true,
  });
  layer = stored.layers[0]?.slice('sha256:'.length) ?? '';
  await registry.storage.putChart('team/charts/web:1.2.3', await chartArchive('web'));
  const networked = quietHost(path(), path('cache'));
  lock = tinyLock({
    site: 'harbour',
    upstream: await lockUpstream([image], site, networked),
    charts: await lockCharts([chart], site, networked),
    // Nobody answers there.
    files: [
      fileOf('https://127.0.0.1:9/v1/tool', 'tools/tool', tool),
      fileOf('https://127.0.0.1:9/v2/tool', 'tools/other', otherTool),
    ],
  });
});
afterEach(async () => {
  await asked.stop();
  await registry.stop();
});

const fileOf = (url: string, where: string, content: Buffer) => ({
  url,
  path: where,
  sha256: sha256(content),
  size: content.length,
});

/** The folder as a person fills it where there is a network, which ends then. */
async function carry(): Promise<void> {
  for (const { reference, digest } of [...lock.upstream, ...lock.charts]) {
    const repository = reference.replace('ghcr.io', registry.base.host).replace(/:[^:/]*$/, '');
    const source = `docker://${repository}@${digest}`;
    const target = `oci:${path('folder')}:${reference}`;
    const flags = ['--quiet', '--all', '--preserve-digests', '--src-tls-verify=false'];
    await run(['skopeo', 'copy', ...flags, source, target]);
  }
  await writeFile(path('folder', 'tool'), tool);
  await writeFile(path('folder', sha256(otherTool)), otherTool);
}

/** A host with a folder and an empty cache. */
const behindTheGap = (): BuildHost => ({
  ...quietHost(path(), path('fresh-cache')),
  from: path('folder'),
});
const blob = (hex: string) => path('folder', 'blobs', 'sha256', hex);
const kept = async () => await readdir(path('fresh-cache', 'blobs', 'sha256')).catch(() => []);

async function bundleFrom(host: BuildHost, name: string) {
  const images = await fetchUpstream(site, lock, host);
  const charts = await fetchCharts(site, lock, host);
  const files = await fetchFiles(site, lock, host);
  return await bundleOfImages(path(), name, { lock, images, charts, files, sequence: 1 });
}

describe('a folder of published parts', () => {
  test('gives the bundle that the network gives, with its registry gone and nobody asked', async () => {
    const networked = quietHost(path(), path('cache'));
    // No server has the files: the network's cache gets them by hand.
    for (const content of [tool, otherTool]) await networked.cache.put(content);
    const first = await bundleFrom(networked, 'networked');
    await carry();
    await registry.stop();
    asked.requests.length = 0;
    const host = behindTheGap();
    await carryIn(site, lock, host);
    const second = await bundleFrom(host, 'carried');
    expect(second.manifest).toEqual(first.manifest);
    expect(await readFile(path('carried', 'manifest.json'))).toEqual(
      await readFile(path('networked', 'manifest.json')),
    );
    expect(asked.requests).toEqual([]);
  });

  test('may hold blobs by digest alone, and files by the path that they get', async () => {
    await carry();
    for (const name of await readdir(path('folder', 'blobs', 'sha256')))
      await rename(blob(name), path('folder', name));
    for (const name of ['blobs', 'index.json', 'oci-layout', 'tool', sha256(otherTool)])
      await rm(path('folder', name), { recursive: true });
    await mkdir(path('folder', 'tools'));
    await writeFile(path('folder', 'tools', 'tool'), tool);
    await writeFile(path('folder', 'tools', 'other'), otherTool);
    await carryIn(site, lock, behindTheGap());
    expect(await kept()).toEqual(expect.arrayContaining([layer, sha256(tool), sha256(otherTool)]));
  });

  test('is copied: what is changed in it afterwards changes nothing', async () => {
    await carry();
    await carryIn(site, lock, behindTheGap());
    await writeFile(blob(layer), 'changed');
    const { cache } = behindTheGap();
    expect(sha256(await readFile(cache.blobPath(layer)))).toBe(layer);
  });

  test('is refused by name when a byte of a blob was flipped, and nothing of the blob is kept', async () => {
    await carry();
    const bytes = await readFile(blob(layer));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(blob(layer), bytes);
    const refused = await refusal(carryIn(site, lock, behindTheGap()));
    expect(refused.toText()).toContain(`CPIAB-E2103 ${blob(layer)}, for ${image} sha256:${layer}: `);
    expect(refused.others).toEqual([]);
    const there = await readdir(path('fresh-cache'), { recursive: true });
    expect(there.filter((name) => name.includes(layer) || /^tmp\/./.test(name))).toEqual([]);
  });

  test('is refused when a file of the right name is another one, or longer', async () => {
    await carry();
    for (const content of [otherTool, Buffer.from('a tool, and more')]) {
      await writeFile(path('folder', 'tool'), content);
      const refused = await refusal(carryIn(site, lock, behindTheGap()));
      expect(refused.toText()).toContain(
        `CPIAB-E2103 ${path('folder', 'tool')}, for https://127.0.0.1:9/v1/tool`,
      );
    }
  });

  test('names every piece that it lacks, and what would put it there', async () => {
    await carry();
    const [{ digest } = { digest: '' }] = lock.charts;
    await Promise.all([blob(layer), blob(digest.slice(7)), path('folder', 'tool')].map((one) => rm(one)));
    const refused = await refusal(carryIn(site, lock, behindTheGap()));
    expect([refused, ...refused.others].map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      `E3090 ${image} sha256:${layer}`,
      `E3090 ${chart} ${digest}`,
      'E3090 https://127.0.0.1:9/v1/tool',
    ]);
    const text = refused.toText();
    expect(text).toContain(
      `\`skopeo copy --all --preserve-digests docker://ghcr.io/team/app@${lock.upstream[0]?.digest} oci:${path('folder')}:${image}\``,
    );
    expect(text).toContain('put the file of that address there as tool');
    expect(asked.requests.filter((request) => request.includes(layer))).toEqual([]);
  });

  test('lets a look before the work ask for no published part', async () => {
    const repository = join(import.meta.dirname, '../../..');
    const hostsOf = async (from: string | undefined) => {
      const host = { ...quietHost(repository, path('fresh-cache')), from };
      const supplies = await suppliesOf(site, lock, await planWork(site, lock, host), host);
      return supplies.flatMap(({ addresses }) => addresses.map((address) => address.host));
    };
    const published = [asked.base.host, 'ghcr.io', '127.0.0.1:9'];
    expect(await hostsOf(undefined)).toEqual(expect.arrayContaining(published));
    expect((await hostsOf(path('folder'))).filter((name) => published.includes(name))).toEqual([]);
  });

  test('needs not hold what the cache has', async () => {
    const host = { ...quietHost(path(), path('cache')), from: path('folder') };
    await fetchUpstream(site, lock, { ...host, from: undefined });
    await carryIn(site, { ...lock, charts: [], files: [] }, host);
  });

  test('is refused where a link leads out of it, though it leads to the right content', async () => {
    await carry();
    await copyFile(blob(layer), path('outside'));
    await rm(blob(layer));
    await symlink(path('outside'), blob(layer));
    const refused = await refusal(carryIn(site, lock, behindTheGap()));
    expect(refused.toText()).toContain(
      `CPIAB-E3091 ${blob(layer)}: leads out of the folder, to ${path('outside')}`,
    );
    expect(await kept()).not.toContain(layer);
  });

  test('may itself be reached by a link, and hold links to what lies in it', async () => {
    await carry();
    await rename(blob(layer), path('folder', 'layer'));
    await symlink('../../layer', blob(layer));
    await symlink('folder', path('link'));
    await carryIn(site, lock, { ...behindTheGap(), from: path('link') });
    expect(await kept()).toContain(layer);
  });

  test('is not waited for where a pipe or a directory has the name of a blob', async () => {
    await carry();
    await rm(blob(layer));
    await run(['mkfifo', blob(layer)]);
    await mkdir(path('folder', layer));
    expect((await refusal(carryIn(site, lock, behindTheGap()))).code).toBe('E3090');
  });

  test.each([
    ['is not there', 'E1006', async () => await rm(path('folder'), { recursive: true })],
    [
      'is a file',
      'E1031',
      async () => {
        await rm(path('folder'), { recursive: true });
        await writeFile(path('folder'), '');
      },
    ],
  ])('is refused when it %s', async (_, code, spoil) => {
    await spoil();
    expect((await refusal(carryIn(site, lock, behindTheGap()))).code).toBe(code);
  });

  test('brings no Git repository: its server is not asked either', async () => {
    const git = [
      { url: `${asked.base.href}app.git`, ref: 'v1', name: 'refs/tags/v1', commit: '0'.repeat(40) },
    ];
    const refused = await refusal(fetchSources(site, tinyLock({ git }), {} as Sandbox, behindTheGap()));
    expect(refused.toText()).toMatch(/^CPIAB-E3090 .*app\.git v1 0{40}: neither the cache nor /);
    expect(asked.requests.filter((request) => request.includes('app.git'))).toEqual([]);
  });
});
