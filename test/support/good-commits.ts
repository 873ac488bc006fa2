import { cp, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  add,
  app,
  both,
  change,
  changeApplying,
  container,
  decrypting,
  deployment,
  edit,
  encryptedSecret,
  fluxFolder,
  kustomization,
  type Make,
  metadata,
  withMedia,
  write,
} from './bad-commits/bad-commit.ts';
import { renderedSecret } from './bad-commits/rendered-secret.ts';
import { withNas } from './with-nas.ts';

const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
const pod = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000 },
  restartPolicy: 'Never',
  containers: [
    {
      name: 'once',
      image: 'cpiab.dev/oci/busybox:1.37.0',
      command: ['true'],
      resources: { requests: { cpu: '10m', memory: '8Mi' }, limits: { memory: '64Mi' } },
      securityContext: confined,
    },
  ],
};
const [once] = pod.containers;
const secrets = [{ name: 'login', keys: { word: 'GREETING_WORD' } }];
const labels = { 'app.kubernetes.io/name': 'good' };

/** No site's root waits for Syncthing. */
const unwaited = changeApplying('wait: true', 'wait: false');

/** Changes that keep every rule, though each is near to breaking one. */
export const goodCommits: [what: string, make: Make][] = [
  ['volumes of a NAS, which the site says and its firewall lets the box reach', withNas],
  [
    'backups of an app to it, with the Secret that they need',
    both(withNas, renderedSecret('backup', 'backup')),
  ],
  ['a ConfigMap', add({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } })],
  [
    'a Secret that SOPS has encrypted, where its Kustomization decrypts',
    both(async (work) => await add(await readFile(encryptedSecret, 'utf8'))(work), decrypting),
  ],
  [
    'an app that writes to and links in one volume',
    withMedia('claim: data, writes: [/data/b], links: [{ from: /data/a, to: /data/b }]'),
  ],
  [
    'an app of no use offline that nothing waits for',
    both(change(`${app}/app.yaml`, 'internet: none', 'internet: optional'), unwaited),
  ],
  [
    'an app without a Secret that it can do without',
    change(
      `${app}/app.yaml`,
      'secrets:\n',
      'secrets:\n  - { name: login, keys: { word: WORD }, optional: true }\n',
    ),
  ],
  [
    'an app of no site with a Secret, and one that it asks for',
    both(
      edit('cluster/kubernetes/apps/greeting/app.yaml', (text) => `${text}${stringify({ secrets })}`),
      change(
        'cluster/kubernetes/apps/greeting/kustomization.yaml',
        'resources:\n',
        'resources:\n  - secret.yaml\n',
      ),
      async (work) => {
        const text = await readFile(encryptedSecret, 'utf8');
        const own = text.replace('namespace: syncthing', 'namespace: greeting');
        await write('cluster/kubernetes/apps/greeting/secret.yaml', own)(work);
      },
    ),
  ],
  [
    'a rule broken with an exception that has an owner and an end',
    both(
      change(deployment, 'Filesystem: true', 'Filesystem: false'),
      edit(
        `${app}/app.yaml`,
        (text) =>
          text +
          stringify({
            exceptions: [
              {
                rule: 'read-only-root',
                object: 'Deployment/syncthing',
                reason: 'test',
                owner: 'tools',
                expires: '2099-12-31',
              },
            ],
          }),
      ),
    ),
  ],
  [
    'an address outside, in an app of no use offline that says so',
    both(
      change(`${app}/app.yaml`, 'internet: none', 'internet: optional'),
      unwaited,
      add({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { url: 'https://relays.syncthing.net/' } }),
    ),
  ],
  [
    'addresses in the box and its network',
    add({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { urls: 'http://syncthing.syncthing.svc:8384 https://nas.local:5001 http://192.168.1.9/' },
    }),
  ],
  [
    'a Job, which needs no probe',
    add({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: { spec: pod } } }),
  ],
  [
    'a CronJob',
    add({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata,
      spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: { spec: pod } } } },
    }),
  ],
  [
    'a StatefulSet with claims of its own',
    add({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata,
      spec: {
        serviceName: 'bad',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            securityContext: pod.securityContext,
            containers: [{ ...once, readinessProbe: { exec: { command: ['true'] }, periodSeconds: 5 } }],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    }),
  ],
  [
    'a capability that stays in its container',
    change(deployment, 'drop: [ALL]', 'drop: [ALL]\n              add: [NET_BIND_SERVICE]'),
  ],
  [
    'variables that name secrets and hold none',
    change(
      deployment,
      '          ports:\n',
      '            - { name: TOKEN, value: /run/token }\n            - { name: PASSWORD, value: $(HOME) }\n          ports:\n',
    ),
  ],
  [
    'settings that a generator writes out',
    edit(
      kustomization,
      (text) =>
        `${text}  - name: more\n    namespace: syncthing\n    literals: [COLOUR=blue, TOKEN_FILE=/run/token, empty=]\n`,
    ),
  ],
  [
    'a Role with what it needs',
    add({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    }),
  ],
  [
    'a patch of what the app has',
    edit(
      kustomization,
      (text) =>
        `${text}patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: { name: syncthing, namespace: syncthing }\n      spec: { replicas: 2 }\n`,
    ),
  ],
  [
    'a JSON patch',
    edit(
      kustomization,
      (text) =>
        `${text}patches:\n  - patch: |-\n      - op: replace\n        path: /spec/replicas\n        value: 2\n    target: { kind: Deployment }\n`,
    ),
  ],
  [
    'a component',
    both(
      write(
        `${app}/more/kustomization.yaml`,
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [map.yaml]\n',
      ),
      write(`${app}/more/map.yaml`, stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata })),
      edit(kustomization, (text) => `${text}components: [more]\n`),
    ),
  ],
  [
    'numbers and texts where either may stand, nothing where nothing need be',
    both(
      container('stdin: ~'),
      change(deployment, '{ memory: 512Mi }', '{ memory: 536870912, cpu: 1.5 }'),
      change(`${app}/service.yaml`, 'targetPort: http', 'targetPort: 8384'),
    ),
  ],
  [
    'a patch that says what to do with a list',
    edit(
      kustomization,
      (text) =>
        `${text}patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: { name: syncthing, namespace: syncthing }\n      spec: { template: { spec: { $retainKeys: [volumes], initContainers: [{ name: seed, $patch: delete }] } } }\n`,
    ),
  ],
  [
    'a variable of Flux where there must be a number',
    change(deployment, 'replicas: 1', `replicas: \${REPLICAS}`),
  ],
  [
    'what a test of two nodes pushes',
    async (work) => {
      const folder = work.path('cluster/kubernetes/apps/wire');
      await cp(join(import.meta.dirname, '../boot/support/wire'), folder, { recursive: true });
      await rename(join(folder, 'flux.yaml'), work.path(fluxFolder, 'wire.yaml'));
      await edit(`${fluxFolder}/kustomization.yaml`, (text) => `${text}  - wire.yaml\n`)(work);
    },
  ],
  [
    "a dashboard of Grafana's with a panel of text, one of logs, and what nobody here knows",
    write(
      `${app}/dashboard-more.json`,
      JSON.stringify({
        uid: 'more',
        title: 'More',
        timezone: 'browser',
        panels: [
          { type: 'text', title: 'Read me', gridPos: { x: 0, y: 0, w: 24, h: 2 }, options: { content: '[' } },
          {
            type: 'logs',
            title: 'Said',
            gridPos: { x: 0, y: 2, w: 24, h: 8 },
            datasource: { type: 'loki', uid: 'loki' },
            targets: [{ refId: 'A', expr: '{namespace="syncthing"} |= `error`' }],
          },
          {
            type: 'timeseries',
            title: 'Rate',
            gridPos: { x: 0, y: 10, w: 24, h: 8 },
            targets: [{ refId: 'A', expr: 'sum by (job) (rate(up[$__rate_interval] offset 1h)) # per job' }],
          },
        ],
      }),
    ),
  ],
  ['text about keys', write('docs/keys.md', 'A key begins with `-----BEGIN PRIVATE KEY-----`.\n')],
];
