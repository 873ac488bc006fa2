import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { splitCrds } from '../../../../agent/flux/crds.ts';
import { rootKustomization } from '../../../../agent/flux/root.ts';
import { type ReadFiles, readSystem } from '../../../../agent/flux/system.ts';
import { objectName, objectPath } from '../../../../agent/kube/path.ts';
import { flux } from '../../../../contract/layout.ts';

/** A revision that holds these files below Flux's folder. */
const revision =
  (files: Record<string, string>): ReadFiles =>
  async (paths) =>
    paths.map((path) => files[path.slice(flux.systemPath.length + 1)] ?? null);
const index = (...resources: string[]) =>
  `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [${resources.join(', ')}]\n`;
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: flux-system }\n';

describe('readSystem', () => {
  test("reads the repository's own folder: every object has a place in the API", async () => {
    const files: ReadFiles = (paths) => Promise.all(paths.map((path) => readFile(path, 'utf8')));
    const objects = await readSystem(files);
    expect(objects.map(objectName)).toEqual(
      expect.arrayContaining(['Namespace/flux-system', 'Deployment/flux-system/kustomize-controller']),
    );
    for (const object of objects) expect(objectPath(object)).toMatch(/^\/apis?\//);
  });

  test('several documents in a file are several objects, empty ones none', async () => {
    const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: a, namespace: flux-system }\n';
    const read = revision({
      'kustomization.yaml': index('x.yaml'),
      'x.yaml': `---\n${namespace}---\n${account}---\n`,
    });
    expect((await readSystem(read)).map(({ kind }) => kind)).toEqual(['Namespace', 'ServiceAccount']);
  });

  test.each([
    ['no folder', {}, 'kustomization.yaml'],
    ['a listed file that is not there', { 'kustomization.yaml': index('x.yaml') }, 'x.yaml'],
    [
      'what only kustomize could render',
      { 'kustomization.yaml': `${index('x.yaml')}namePrefix: a-\n` },
      'kustomization.yaml',
    ],
    ['a path out of the folder', { 'kustomization.yaml': index('../x.yaml') }, 'kustomization.yaml'],
    ['broken YAML', { 'kustomization.yaml': index('x.yaml'), 'x.yaml': 'a: [' }, 'x.yaml'],
    [
      'a kind that the box does not know',
      {
        'kustomization.yaml': index('x.yaml'),
        'x.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n',
      },
      'x.yaml',
    ],
  ])('refuses %s, and names the file', async (_, files, name) => {
    await expect(readSystem(revision(files))).rejects.toMatchObject({
      code: 'E5103',
      message: expect.stringContaining(`${flux.systemPath}/${name}`),
    });
  });
});

test('resource definitions are split without parsing their schemas', () => {
  const crd = (name: string) =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: ${name}\nspec:\n  anything: [ {{ not yaml\n`;
  expect(splitCrds(`---\n${crd('a.example.org')}---\n${crd('b.example.org')}`)).toEqual([
    {
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.example.org',
      text: `\n${crd('a.example.org')}`,
    },
    {
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/b.example.org',
      text: `\n${crd('b.example.org')}`,
    },
  ]);
});

test('the root waits for all that hangs on it, and takes away what Git no longer has', () => {
  expect(rootKustomization('lab').spec).toMatchObject({
    path: './cluster/kubernetes/flux/lab',
    prune: true,
    wait: true,
    sourceRef: { kind: 'ExternalArtifact', name: 'site' },
  });
});

describe('objectPath', () => {
  test('a namespaced object needs its namespace', () => {
    expect(() => objectPath({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).toThrow(
      /namespace/,
    );
  });
});
