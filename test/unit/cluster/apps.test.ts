import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { AppSchema } from '../../../contract/app.ts';
import { BundleSetSchema, isPinnable } from '../../../contract/bundle-set.ts';
import { ImageRecipeSchema } from '../../../contract/image.ts';
import { box, flux, ports } from '../../../contract/layout.ts';
import { bundleSetsOf, SiteSchema } from '../../../contract/site.ts';
import { svidAudience, svidConfigMap, svidLabel, workloadPath } from '../../../contract/svid.ts';

const repository = join(import.meta.dirname, '../../..');
const cluster = join(repository, 'cluster/kubernetes');
const text = async (path: string): Promise<string> => await readFile(join(repository, path), 'utf8');
const found = async (pattern: string): Promise<string[]> =>
  (await Array.fromAsync(glob(pattern, { cwd: cluster }))).toSorted();

const apps = await found('**/app.yaml');

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
}

async function manifests(folder: string): Promise<Manifest[]> {
  const paths = (await found(`${folder}/*.yaml`)).filter((path) => !/(app|kustomization)\.yaml$/.test(path));
  const texts = await Promise.all(paths.map((path) => text(join('cluster/kubernetes', path))));
  const documents = texts.flatMap((each) =>
    parseAllDocuments(each).map((document) => document.toJS() as Manifest),
  );
  // Alerts and the configuration of programs lie beside the manifests.
  return documents.filter(({ kind }) => kind !== undefined);
}

describe('apps', () => {
  test.each(apps)('%s is valid', async (path) => {
    const app = AppSchema.parse(parse(await text(join('cluster/kubernetes', path))));
    if (!path.startsWith('flux/')) expect(app.name).toBe(basename(dirname(path)));
  });

  test.each(apps)('%s: every object lies in the namespace of the app', async (path) => {
    const app = AppSchema.parse(parse(await text(join('cluster/kubernetes', path))));
    const objects = await manifests(dirname(path));
    const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
    expect([...namespaces]).toEqual([app.name]);
    expect(objects).toContainEqual(expect.objectContaining({ kind: 'Namespace' }));
    expect(objects).toContainEqual(
      expect.objectContaining({
        kind: 'NetworkPolicy',
        metadata: expect.objectContaining({ name: 'default-deny' }),
      }),
    );
  });

  test.each(apps)('%s: every image is in the bundle set of the app', async (path) => {
    const { bundle } = AppSchema.parse(parse(await text(join('cluster/kubernetes', path))));
    const set = BundleSetSchema.parse(parse(await text(`bundles/${bundle}.yaml`)));
    const published = set.images.filter(isPinnable);
    const recipes = set.images
      .filter((name) => !isPinnable(name))
      .map(async (name) => ImageRecipeSchema.parse(parse(await text(`images/oci/${name}/image.yaml`))));
    const made = (await Promise.all(recipes)).flatMap(({ images }) => images);
    const bundled = [...published, ...made.map(({ reference }) => reference)];
    const folder = join('cluster/kubernetes', dirname(path));
    const all = await Promise.all(
      (await found(`${dirname(path)}/*.yaml`)).map((name) => text(join(folder, basename(name)))),
    );
    const used = [...all.join('\n').matchAll(/^\s*(?:- )?image: (\S+)$/gm)].map(([, image = '']) => image);
    expect(used).not.toEqual([]);
    expect(bundled).toEqual(expect.arrayContaining(used));
  });
});

describe.each(['lab', 'lab-stage1', 'homelab'])('the root sync of %s', (name) => {
  test('runs the apps of its bundle sets, each from its own folder and the published source', async () => {
    const site = SiteSchema.parse(parse(await text(`config/clusters/${name}.yaml`)));
    const sets = await Promise.all(
      bundleSetsOf(site).map(async (set) => BundleSetSchema.parse(parse(await text(`bundles/${set}.yaml`)))),
    );
    const objects = (await manifests(`flux/${name}`)) as (Manifest & { spec: Record<string, unknown> })[];
    expect(objects.map(({ spec }) => spec.path).toSorted()).toEqual(
      sets.flatMap((set) => set.apps.map((path) => `./cluster/kubernetes/${path}`)).toSorted(),
    );
    for (const { metadata, spec } of objects) {
      expect(metadata.namespace).toBe(flux.namespace);
      expect(spec).toMatchObject({ prune: true, sourceRef: { name: flux.artifactName } });
    }
  });
});

describe('addresses and paths that the box decides', () => {
  test('volumes are made where the box keeps them', async () => {
    expect(await text('cluster/kubernetes/platform/storage/config.yaml')).toContain(
      `"paths": ["${box.volumes}"]`,
    );
  });

  test('workloads of the sample find the box, and their tokens count there', async () => {
    const app = 'cluster/kubernetes/apps/greeting';
    expect(await text(`${app}/namespace.yaml`)).toContain(`${svidLabel.key}: ${svidLabel.value}`);
    const { network } = SiteSchema.parse(parse(await text('config/clusters/lab.yaml')));
    const policy = await text(`${app}/network-policy.yaml`);
    expect(policy).toContain(`${network.nodeAddress}/32`);
    expect(policy).toContain(`port: ${ports.api}`);
    for (const name of ['server', 'client']) {
      const deployment = await text(`${app}/${name}.yaml`);
      expect(deployment).toContain(`audience: ${svidAudience}`);
      expect(deployment).toContain(`name: ${svidConfigMap.name}`);
      const other = name === 'server' ? 'client' : 'server';
      expect(deployment).toContain(`--peer=/${workloadPath('greeting', other)}`);
    }
  });

  test('Flux may reach the artifacts', async () => {
    expect(await text(`${flux.systemPath}/network-policy.yaml`)).toContain(`port: ${ports.artifacts}`);
  });
});
