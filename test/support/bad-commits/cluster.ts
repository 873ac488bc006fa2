import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { run } from '../../../host/process.ts';
import {
  add,
  app,
  askForSecret,
  type BadCommit,
  both,
  change,
  changeApplying,
  container,
  deployment,
  edit,
  encryptedSecret,
  fluxFolder,
  kustomization,
  metadata,
  resource,
  write,
} from './bad-commit.ts';
import { renderedSecret } from './rendered-secret.ts';

/** Commits that break rules of policy/table/cluster.ts. */
export const badClusterCommits: BadCommit[] = [
  [
    'an object without a name',
    'object-shape',
    `${app}/bad.yaml:3`,
    add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'syncthing' } }),
  ],
  ['an object without a kind', 'object-shape', `${app}/bad.yaml:1`, add({ apiVersion: 'v1', metadata })],
  [
    'the same object twice',
    'object-twice',
    `${app}/service.yaml:4`,
    add({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'syncthing', namespace: 'syncthing' } }),
  ],
  [
    "another app's namespace",
    'object-namespace',
    `${app}/bad.yaml:5`,
    add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad', namespace: 'storage' } }),
  ],
  [
    'a route without a certificate',
    'route-host',
    `${app}/ingress.yaml:12`,
    edit(`${app}/ingress.yaml`, (text) => text.replace(/ {2}tls:\n(?: {4}.*\n)+/, '')),
  ],
  [
    'a route whose domain nobody sets',
    'route-host',
    `${app}/ingress.yaml:16`,
    changeApplying('  postBuild:\n    substitute:\n      DOMAIN: box.home.arpa\n', ''),
  ],
  [
    'a route outside of what the box may certify',
    'route-host',
    `${app}/ingress.yaml:16`,
    changeApplying('DOMAIN: box.home.arpa', 'DOMAIN: example.org'),
  ],
  [
    'an API version that is gone',
    'api-removed',
    `${app}/bad.yaml:1`,
    add({ apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata }),
  ],
  ['a misspelt field', 'unknown-field', `${deployment}:53`, container('imagePullPolcy: Never')],
  [
    'a field that another kind has',
    'unknown-field',
    `${app}/service.yaml:9`,
    change(`${app}/service.yaml`, 'spec:\n', 'spec:\n  replicas: 2\n'),
  ],
  [
    'a name that every JavaScript object has',
    'unknown-field',
    `${app}/service.yaml:9`,
    change(`${app}/service.yaml`, 'spec:\n', 'spec:\n  constructor: 2\n'),
  ],
  [
    'a number where there must be text',
    'field-value',
    `${deployment}:63`,
    change(deployment, 'value: /data', 'value: 8080'),
  ],
  [
    'text where there must be a number',
    'field-value',
    `${deployment}:9`,
    change(deployment, 'replicas: 1', 'replicas: two'),
  ],
  [
    'a mapping where there must be a list',
    'field-value',
    `${app}/service.yaml:11`,
    change(`${app}/service.yaml`, '    - { name: http, port: 8384, targetPort: http }\n    - {', '    {'),
  ],
  [
    'a port without its number',
    'field-value',
    `${app}/service.yaml:12`,
    change(`${app}/service.yaml`, 'name: http, port: 8384,', 'name: http,'),
  ],
  [
    'a wrong value in a patch',
    'field-value',
    `${kustomization}:21`,
    edit(
      kustomization,
      (text) =>
        `${text}patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: { name: syncthing, namespace: syncthing }\n      spec: { replicas: two }\n`,
    ),
  ],
  [
    'an object of no namespace',
    'object-namespace',
    `${app}/bad.yaml:4`,
    add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' } }),
  ],
  [
    'an API version that never was',
    'api-removed',
    `${app}/bad.yaml:1`,
    add({ apiVersion: 'batch/v2', kind: 'CronJob', metadata }),
  ],
  [
    'a Secret in plain text',
    'secret-plain',
    `${app}/bad.yaml:7`,
    add({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { word: 'hunter2' } }),
  ],
  [
    'a generator of a Secret',
    'secret-plain',
    `${kustomization}:16`,
    edit(kustomization, (text) => `${text}secretGenerator:\n  - name: bad\n    literals: [a=b]\n`),
  ],
  [
    'an encrypted Secret without what decrypts it',
    'secret-sops',
    `${app}/bad.yaml:1`,
    add({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { word: 'ENC[AES256_GCM,data:aa==]' } }),
  ],
  [
    'an encrypted Secret in a Kustomization that does not decrypt',
    'secret-sops',
    `${app}/bad.yaml:2`,
    async (box) => await add(await readFile(encryptedSecret, 'utf8'))(box),
  ],
  [
    'an app without a Secret that it asks for',
    'secret-missing',
    `${app}/app.yaml`,
    both(renderedSecret('other'), askForSecret),
  ],
  [
    'backups of an app without the Secret that they need',
    'secret-missing',
    `${app}/app.yaml`,
    renderedSecret('other', 'backup'),
  ],
  [
    'a password in a variable',
    'secret-env',
    `${deployment}:64`,
    change(
      deployment,
      '          ports:\n',
      '            - { name: GUI_PASSWORD, value: hunter2 }\n          ports:\n',
    ),
  ],
  [
    'a password in a ConfigMap',
    'secret-env',
    `${app}/bad.yaml:7`,
    add({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'gui.password': 'hunter2' } }),
  ],
  [
    'a password that a generator puts into a ConfigMap',
    'secret-env',
    `${kustomization}:18`,
    edit(
      kustomization,
      (text) => `${text}  - name: more\n    namespace: syncthing\n    literals: [PASSWORD=hunter2]\n`,
    ),
  ],
  [
    'a random word in a variable',
    'secret-env',
    `${deployment}:64`,
    change(
      deployment,
      '          ports:\n',
      '            - { name: SEED, value: q8Zr2LmX4vT9bN7cK1wYpD5h }\n          ports:\n',
    ),
  ],
  ['a resource that is not there', 'resource-missing', `${kustomization}:4`, resource('gone.yaml')],
  [
    'a resource out of the repository',
    'resource-outside',
    `${kustomization}:4`,
    resource('../../../../../etc/passwd'),
  ],
  ['a base from elsewhere', 'remote-base', `${kustomization}:4`, resource('github.com/team/base?ref=v1')],
  [
    'a chart to render',
    'kustomize-feature',
    `${kustomization}:16`,
    edit(kustomization, (text) => `${text}helmCharts:\n  - name: web\n`),
  ],
  [
    'a manifest that nothing applies',
    'orphan-manifest',
    `${app}/lost.yaml:1`,
    write(`${app}/lost.yaml`, stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata })),
  ],
  [
    'a path that is not there',
    'flux-path',
    `${fluxFolder}/syncthing.yaml:9`,
    change(`${fluxFolder}/syncthing.yaml`, 'apps/syncthing', 'apps/sincthing'),
  ],
  ['a site without its folder', 'flux-path', fluxFolder, (box) => run(['rm', '-r', box.path(fluxFolder)])],
  [
    'another source',
    'flux-source',
    `${fluxFolder}/syncthing.yaml:13`,
    change(`${fluxFolder}/syncthing.yaml`, 'kind: ExternalArtifact', 'kind: Bucket'),
  ],
  [
    'a dependency on nothing',
    'flux-depends',
    `${fluxFolder}/syncthing.yaml:8`,
    change(`${fluxFolder}/syncthing.yaml`, '- name: storage', '- name: store'),
  ],
  [
    'a circle of dependencies',
    'flux-cycle',
    `${fluxFolder}/syncthing.yaml:7`,
    change(`${fluxFolder}/storage.yaml`, 'spec:\n', 'spec:\n  dependsOn:\n    - name: syncthing\n'),
  ],
  [
    'an app that waits for one of no use offline',
    'internet-gate',
    `${fluxFolder}/syncthing.yaml:8`,
    change('cluster/kubernetes/platform/storage/app.yaml', 'internet: none', 'internet: optional'),
  ],
  [
    'a root that waits for an app of no use offline',
    'internet-gate',
    `${fluxFolder}/syncthing.yaml:18`,
    change('cluster/kubernetes/apps/syncthing/app.yaml', 'internet: none', 'internet: optional'),
  ],
  [
    'a Kustomization that does not prune',
    'flux-settings',
    `${fluxFolder}/syncthing.yaml:6`,
    change(`${fluxFolder}/syncthing.yaml`, 'prune: true', 'prune: false'),
  ],
  [
    "a Flux that the box can't apply",
    'system-folder',
    'cluster/kubernetes/flux/system/kustomization.yaml:1',
    change('cluster/kubernetes/flux/system/kustomization.yaml', '  - deployment.yaml\n', ''),
  ],
  [
    'a patch of Flux, which the box would not make',
    'system-folder',
    'cluster/kubernetes/flux/system/kustomization.yaml:1',
    edit(
      'cluster/kubernetes/flux/system/kustomization.yaml',
      (text) =>
        `${text}patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: { name: kustomize-controller, namespace: flux-system }\n      spec: { replicas: 2 }\n`,
    ),
  ],
];
