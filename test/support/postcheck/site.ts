import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { flux } from '../../../contract/layout.ts';

const repository = join(import.meta.dirname, '../../..');

const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'ExternalArtifact', name: 'site' };

const kustomization = (name: string) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system' },
  spec: {
    ...{ path: `./cluster/kubernetes/apps/${name}`, sourceRef: source },
    ...{ prune: true, interval: '5m', retryInterval: '1s', timeout: '1m' },
  },
});

const index = (...resources: string[]) => ({
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources,
});

const app = (name: string, health: object, internet: string) => ({
  ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name, title: name, owner: 'tools', bundle: 'core' },
  ...{ supply: 'source', health, internet, backup: 'none' },
});

/** A site with an app that has a Service, and one that is of use online only, with a Deployment. */
export async function siteFiles(): Promise<Record<string, string>> {
  const folder = 'cluster/kubernetes/apps';
  const documents = {
    'cluster/kubernetes/flux/lab/kustomization.yaml': index('web.yaml', 'tunnel.yaml'),
    'cluster/kubernetes/flux/lab/web.yaml': kustomization('web'),
    'cluster/kubernetes/flux/lab/tunnel.yaml': kustomization('tunnel'),
    [`${folder}/web/kustomization.yaml`]: index('namespace.yaml', 'service.yaml'),
    [`${folder}/web/namespace.yaml`]: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } },
    [`${folder}/web/service.yaml`]: {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'web' } },
      spec: { ports: [{ name: 'http', port: 80 }] },
    },
    [`${folder}/web/app.yaml`]: app('web', { service: 'web', port: 80, path: '/health' }, 'none'),
    [`${folder}/tunnel/kustomization.yaml`]: index('namespace.yaml'),
    [`${folder}/tunnel/namespace.yaml`]: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'tunnel' },
    },
    [`${folder}/tunnel/app.yaml`]: app('tunnel', { deployment: 'tunnel' }, 'optional'),
  };
  const texts = Object.entries(documents).map(([path, content]) => [path, stringify(content)]);
  return { ...Object.fromEntries(texts), ...(await systemFiles()) };
}

/** Flux's own folder, as this repository has it. */
async function systemFiles(): Promise<Record<string, string>> {
  const names = (await readdir(join(repository, flux.systemPath))).filter((name) => name.endsWith('.yaml'));
  const paths = names.map((name) => join(flux.systemPath, name));
  const texts = paths.map(async (path) => [path, await readFile(join(repository, path), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}
