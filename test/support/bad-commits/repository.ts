import { symlink } from 'node:fs/promises';
import {
  add,
  app,
  type BadCommit,
  both,
  change,
  deployment,
  edit,
  pem,
  token,
  withMedia,
  write,
} from './bad-commit.ts';

const nodes = 'cluster/kubernetes/platform/node-exporter';
const emptyPanel = { type: 'stat', title: 'Nothing', gridPos: { x: 0, y: 0, w: 1, h: 1 } };

/** Commits that break rules of policy/table/repository.ts. */
export const badRepositoryCommits: BadCommit[] = [
  [
    'text that is not YAML',
    'yaml-syntax',
    `${deployment}:9`,
    change(deployment, '  replicas: 1', '\treplicas: 1'),
  ],
  [
    'a key twice',
    'yaml-duplicate-key',
    `${deployment}:10`,
    change(deployment, 'replicas: 1', 'replicas: 1\n  replicas: 2'),
  ],
  [
    'an alias of nothing',
    'yaml-aliases',
    `${app}/bad.yaml:1`,
    add('apiVersion: v1\nkind: ConfigMap\nmetadata: *nothing\n'),
  ],
  [
    'a merge that is not finished',
    'merge-conflict',
    `${deployment}:9`,
    change(
      deployment,
      '  replicas: 1\n',
      '<<<<<<< HEAD\n  replicas: 1\n=======\n  replicas: 2\n>>>>>>> other\n',
    ),
  ],
  [
    'an unknown key of an app',
    'own-document',
    `${app}/app.yaml:5`,
    change(`${app}/app.yaml`, 'owner:', 'ownr:'),
  ],
  [
    "an unknown key of the site's definition",
    'own-document',
    'config/clusters/lab.yaml:5',
    change('config/clusters/lab.yaml', 'supply:', 'suply:'),
  ],
  [
    'an app that is not called like its folder',
    'app-folder',
    'cluster/kubernetes/apps/greeting/app.yaml:3',
    change('cluster/kubernetes/apps/greeting/app.yaml', 'name: greeting', 'name: hello'),
  ],
  [
    'an app of a bundle set that is not there',
    'app-folder',
    `${app}/app.yaml:6`,
    change(`${app}/app.yaml`, 'bundle: core', 'bundle: cor'),
  ],
  [
    'an app without an app.yaml',
    'app-folder',
    'cluster/kubernetes/apps/lone',
    write('cluster/kubernetes/apps/lone/kustomization.yaml', 'resources: []\n'),
  ],
  [
    'an app that asks another Service',
    'app-health',
    `${app}/app.yaml:8`,
    change(`${app}/app.yaml`, 'service: syncthing', 'service: sync'),
  ],
  [
    'an app that asks another port',
    'app-health',
    `${app}/app.yaml:8`,
    change(`${app}/app.yaml`, 'port: 8384', 'port: 8385'),
  ],
  [
    'an app that asks another Deployment',
    'app-health',
    'cluster/kubernetes/platform/storage/app.yaml:8',
    change('cluster/kubernetes/platform/storage/app.yaml', 'deployment: local', 'deployment: locale'),
  ],
  [
    'an app that writes where it has no media',
    'app-media',
    `${app}/app.yaml:14`,
    withMedia('claim: data, writes: [/media/tv]'),
  ],
  [
    'an app that writes to a claim that it does not have',
    'app-media',
    `${app}/app.yaml:14`,
    withMedia('claim: media, writes: [/data]'),
  ],
  [
    'an app that links between two mounts',
    'app-media',
    `${app}/app.yaml:14`,
    both(
      withMedia('claim: data, writes: [/data/b], links: [{ from: /data/a, to: /data/b }]'),
      edit(deployment, (text) =>
        text.replaceAll(
          '- { name: data, mountPath: /data }',
          ['a', 'b']
            .map((sub) => `- { name: data, mountPath: /data/${sub}, subPath: ${sub} }`)
            .join('\n            '),
        ),
      ),
    ),
  ],
  [
    'an unknown key of a bundle set',
    'own-document',
    'bundles/core.yaml:5',
    change('bundles/core.yaml', 'images:', 'image:'),
  ],
  [
    'a dashboard whose query lacks a bracket',
    'query',
    `${nodes}/dashboard.json:122`,
    change(`${nodes}/dashboard.json`, '}[$__rate_interval]))', '}[$__rate_interval])'),
  ],
  [
    'a dashboard that asks with a variable that is not put in',
    'query',
    `${nodes}/dashboard.json:122`,
    change(`${nodes}/dashboard.json`, '[$__rate_interval]', '[$interval]'),
  ],
  [
    'a dashboard with an empty query',
    'query',
    `${app}/dashboard-empty.json:1`,
    write(
      `${app}/dashboard-empty.json`,
      JSON.stringify({ uid: 'empty', title: 'Empty', panels: [{ ...emptyPanel, targets: [{ expr: ' ' }] }] }),
    ),
  ],
  [
    'a dashboard without a title',
    'own-document',
    `${nodes}/dashboard.json:1`,
    change(`${nodes}/dashboard.json`, '"title": "Nodes"', '"name": "Nodes"'),
  ],
  [
    'an alert whose query does not parse',
    'query',
    `${nodes}/alerts.yaml:5`,
    change(`${nodes}/alerts.yaml`, 'node_filesystem_size_bytes < 0.1', 'node_filesystem_size_bytes << 0.1'),
  ],
  [
    'an alert that nobody could act upon',
    'own-document',
    `${nodes}/alerts.yaml:8`,
    change(`${nodes}/alerts.yaml`, '          runbook: docs/operate/alerts.md#diskalmostfull\n', ''),
  ],
  [
    'an exception that has ended',
    'exception',
    'cluster/kubernetes/platform/storage/app.yaml:17',
    change('cluster/kubernetes/platform/storage/app.yaml', '2027-12-31', '2020-01-01'),
  ],
  [
    'an exception for no rule',
    'exception',
    'cluster/kubernetes/platform/storage/app.yaml:13',
    change('cluster/kubernetes/platform/storage/app.yaml', 'rule: probes', 'rule: prob'),
  ],
  [
    'an exception for a rule that has none',
    'exception',
    `${app}/app.yaml:19`,
    edit(
      `${app}/app.yaml`,
      (text) =>
        `${text}exceptions:\n  - rule: flux-source\n    object: Deployment/syncthing\n    reason: test\n    owner: tools\n    expires: 2099-12-31\n`,
    ),
  ],
  ['a private key', 'secret-key', 'docs/key.txt:2', write('docs/key.txt', `my key:\n${pem}`)],
  ['a token', 'secret-token', 'docs/notes.md:1', write('docs/notes.md', `login: ${token}\n`)],
  ['an env file', 'env-file', 'config/env/lab.env', write('config/env/lab.env', 'WORD=hunter2\n')],
  ['a file of 11 MiB', 'large-file', 'video.bin', write('video.bin', 'x'.repeat(11 << 20))],
  [
    'a link out of the repository',
    'link-out',
    'docs-link:1',
    (box) => symlink('../../etc/passwd', box.path('docs-link')),
  ],
  [
    'paths that collide',
    'case-collision',
    'docs/readme.md',
    async (box) => {
      await write('docs/README.md', 'one\n')(box);
      await write('docs/readme.md', 'two\n')(box);
    },
  ],
  ['a path that Windows keeps', 'path-name', 'docs/aux.txt', write('docs/aux.txt', 'x\n')],
];
