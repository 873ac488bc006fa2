import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { worldCopy } from './world.ts';

const app = 'cluster/kubernetes/apps/syncthing';
const fluxFolder = 'cluster/kubernetes/flux/lab';
const copy = worldCopy();

const metadata = { name: 'leak', namespace: 'syncthing' };
const container = (changes: object) => ({ name: 'leak', image: 'cpiab.dev/oci/busybox:1.37.0', ...changes });
const pod = (changes: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: { containers: [container({})], ...changes },
});
const configMap = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
const kustomization = (changes: object) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'leak', namespace: 'flux-system' },
  spec: {
    path: `./${app}`,
    sourceRef: { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'ExternalArtifact', name: 'site' },
    interval: '5m',
    prune: true,
    ...changes,
  },
});
const ociRepository = (changes: object) => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'OCIRepository',
  metadata,
  spec: { url: 'oci://ghcr.io/team/charts/web', interval: '1h', ...changes },
});
const add = (object: object) => copy.add(app, 'leak.yaml', object);
const addFlux = (changes: object) => copy.add(fluxFolder, 'leak.yaml', kustomization(changes));

describe('a leak is found where it is', () => {
  const leaks: [string, RegExp, () => Promise<void>][] = [
    [
      'init container',
      /^E2201 .*leak.yaml:\d+: needs image quay.io\/a\/b:1,.* → Pod\/syncthing\/leak → spec.initContainers\[0\].image$/,
      () => add(pod({ initContainers: [container({ image: 'quay.io/a/b:1' })] })),
    ],
    [
      'short name',
      /^E2201 .*needs image docker.io\/library\/nginx:1.29,/,
      () => add(pod({ containers: [container({ image: 'nginx:1.29' })] })),
    ],
    [
      'image volume',
      /^E2201 .*quay.io\/data:1.*spec.volumes\[0\].image.reference$/,
      () => add(pod({ volumes: [{ name: 'data', image: { reference: 'quay.io/data:1' } }] })),
    ],
    [
      'CronJob',
      /^E2201 .*ghcr.io\/a\/b:2.*spec.jobTemplate.spec.template.spec.containers\[0\].image$/,
      () =>
        add({
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          metadata,
          spec: {
            schedule: '0 0 * * *',
            jobTemplate: {
              spec: { template: { spec: { containers: [container({ image: 'ghcr.io/a/b:2' })] } } },
            },
          },
        }),
    ],
    [
      'argument',
      /^E2201 .*quay.io\/op\/reloader:v0.9,.*args\[0\]$/,
      () =>
        add(
          pod({
            containers: [container({ args: ['--prometheus-config-reloader=quay.io/op/reloader:v0.9'] })],
          }),
        ),
    ],
    [
      'argument with a short name',
      /^E2201 .*docker.io\/library\/alpine:3,.*args\[1\]$/,
      () => add(pod({ containers: [container({ args: ['-v', '--helper-image=alpine:3'] })] })),
    ],
    [
      'variable',
      /^E2201 .*docker.io\/team\/helper:7,.*env\[0\].value$/,
      () =>
        add(pod({ containers: [container({ env: [{ name: 'HELPER_IMAGE', value: 'team/helper:7' }] })] })),
    ],
    [
      'text in a ConfigMap',
      /^E2201 .*quay.io\/x\/y:3,.*data\["run.sh"\]$/,
      () => add(configMap({ 'run.sh': '#!/bin/sh\nctr run quay.io/x/y:3 job\n' })),
    ],
    [
      'manifest in a ConfigMap',
      /^E2201 .*docker.io\/library\/redis:8,.*data\["pod.yaml"\] → Pod\/syncthing\/leak → spec.containers\[0\].image$/,
      () => add(configMap({ 'pod.yaml': stringify(pod({ containers: [container({ image: 'redis:8' })] })) })),
    ],
    [
      'settings in a ConfigMap',
      /^E2201 .*docker.io\/library\/python:3.13,/,
      () => add(configMap({ 'settings.yaml': stringify({ runner: { image: 'python:3.13' }, retries: 3 }) })),
    ],
    [
      'custom resource',
      /^E2201 .*quay.io\/prometheus\/prometheus:v3,.*spec.image$/,
      () =>
        add({
          apiVersion: 'monitoring.coreos.com/v1',
          kind: 'Prometheus',
          metadata,
          spec: { image: 'quay.io/prometheus/prometheus:v3' },
        }),
    ],
    [
      'kind that nobody knows',
      /^E2204 .*nobody has said whether a things.test\/Thing can name images/,
      () => add({ apiVersion: 'things.test/v1', kind: 'Thing', metadata, spec: {} }),
    ],
    [
      'chart value',
      /^E2201 .*ghcr.io\/team\/chart-app:9,.*spec.values.image.repository$/,
      () =>
        add({
          apiVersion: 'helm.toolkit.fluxcd.io/v2',
          kind: 'HelmRelease',
          metadata,
          spec: { values: { image: { registry: 'ghcr.io', repository: 'team/chart-app', tag: '9' } } },
        }),
    ],
    [
      'chart',
      /^E2221 .*leak.yaml:\d+: needs chart ghcr.io\/team\/charts\/web:1.2.3, .*OCIRepository\/syncthing\/leak → spec.url$/,
      () => add(ociRepository({ ref: { tag: '1.2.3' } })),
    ],
    [
      'chart by a range of versions',
      /^E2221 .*needs chart ghcr.io\/team\/charts\/web:>=1, /,
      () => add(ociRepository({ ref: { semver: '>=1' } })),
    ],
    [
      "chart under the box's own address",
      /^E2221 .*needs chart ghcr.io\/team\/charts\/web:1.2.3, /,
      () =>
        add(ociRepository({ url: 'oci://10.44.0.1:7443/ghcr.io/team/charts/web', ref: { tag: '1.2.3' } })),
    ],
    [
      'chart of a Helm repository',
      /^E2221 .*needs chart ghcr.io\/team\/charts\/web:1.2.3_1, .*HelmRelease\/syncthing\/leak → spec.chart.spec$/,
      () =>
        copy.add(
          app,
          'leak.yaml',
          {
            apiVersion: 'source.toolkit.fluxcd.io/v1',
            kind: 'HelmRepository',
            metadata,
            spec: { type: 'oci', url: 'oci://ghcr.io/team/charts' },
          },
          {
            apiVersion: 'helm.toolkit.fluxcd.io/v2',
            kind: 'HelmRelease',
            metadata,
            spec: {
              chart: {
                spec: {
                  chart: 'web',
                  version: '1.2.3+1',
                  sourceRef: { kind: 'HelmRepository', name: 'leak' },
                },
              },
            },
          },
        ),
    ],
    [
      'Git repository',
      /^E2222 .*leak.yaml:\d+: needs Git repository https:\/\/github.com\/team\/app@v1, .*GitRepository\/syncthing\/leak → spec.url$/,
      () =>
        add({
          apiVersion: 'source.toolkit.fluxcd.io/v1',
          kind: 'GitRepository',
          metadata,
          spec: { url: 'https://github.com/team/app.git', ref: { tag: 'v1' } },
        }),
    ],
    [
      'latest',
      /^E2203 .*image cpiab.dev\/oci\/busybox:latest has no fixed version/,
      () => add(pod({ containers: [container({ image: 'cpiab.dev/oci/busybox:latest' })] })),
    ],
    [
      'no tag',
      /^E2203 .*image docker.io\/library\/busybox has no fixed version/,
      () => add(pod({ containers: [container({ image: 'busybox' })] })),
    ],
    [
      'other digest',
      /^E2201 .*busybox:1.37.0@sha256:a{64},/,
      () =>
        add(
          pod({
            containers: [container({ image: `cpiab.dev/oci/busybox:1.37.0@sha256:${'a'.repeat(64)}` })],
          }),
        ),
    ],
    [
      'address',
      /^E2205 .*leak.yaml:\d+: https:\/\/telemetry.corp.net is outside of the box.*env\[0\].value$/,
      () =>
        add(
          pod({
            containers: [container({ env: [{ name: 'URL', value: 'https://telemetry.corp.net/v1' }] })],
          }),
        ),
    ],
    [
      'remote base',
      /^E2206 cluster\/kubernetes\/apps\/syncthing\/kustomization.yaml: takes a base from elsewhere: https:\/\/github.com\/a\/b\/\/deploy\?ref=v1$/,
      () =>
        copy.edit(`${app}/kustomization.yaml`, (text) =>
          text.replace('resources:\n', 'resources:\n  - https://github.com/a/b//deploy?ref=v1\n'),
        ),
    ],
    [
      'orphan',
      /^E2207 cluster\/kubernetes\/apps\/syncthing\/forgotten.yaml: a manifest that nothing applies$/,
      () => writeFile(copy.path(app, 'forgotten.yaml'), stringify(configMap({}))),
    ],
    [
      'source of Flux',
      /^E2208 .*leak.yaml: Flux would take it from GitRepository\/other;/,
      () => addFlux({ sourceRef: { kind: 'GitRepository', name: 'other' } }),
    ],
    [
      'patch of Flux',
      /^E2201 .*quay.io\/side\/car:1,.*Kustomization\/flux-system\/leak → spec.patches\[0\].patch and 1 more$/,
      () =>
        addFlux({
          patches: [
            {
              target: { kind: 'Deployment' },
              patch:
                '- {op: add, path: /spec/template/spec/containers/-, value: {name: side, image: "quay.io/side/car:1"}}',
            },
          ],
        }),
    ],
    [
      'image override',
      /^E2201 .*cpiab.dev\/oci\/syncthing:2.0.0,/,
      async () =>
        await appendFile(
          copy.path(app, 'kustomization.yaml'),
          'images:\n  - name: cpiab.dev/oci/busybox\n    newName: cpiab.dev/oci/syncthing\n    newTag: 2.0.0\n',
        ),
    ],
    [
      'app outside of the bundle sets',
      /^E2209 site lab: the site's bundle sets and its Git disagree about apps\/other$/,
      async () => {
        await mkdir(copy.path('cluster/kubernetes/apps/other'));
        await writeFile(
          copy.path('cluster/kubernetes/apps/other/kustomization.yaml'),
          stringify({ resources: [] }),
        );
        await writeFile(copy.path('cluster/kubernetes/apps/other/map.yaml'), stringify(configMap({})));
        await copy.edit('cluster/kubernetes/apps/other/kustomization.yaml', () => 'resources: [map.yaml]\n');
        await addFlux({ path: './cluster/kubernetes/apps/other' });
      },
    ],
    [
      'broken kustomization',
      /^E2210 .*syncthing.yaml: kustomize cannot build it:/,
      () => copy.edit(`${app}/kustomization.yaml`, (text) => text.replace('volume.yaml', 'missing.yaml')),
    ],
  ];

  test.each(leaks)('%s', async (_, expected, make) => {
    await make();
    const found = await copy.findings();
    expect(
      found.filter((line) => expected.test(line)),
      found.join('\n'),
    ).toHaveLength(1);
  });
});
