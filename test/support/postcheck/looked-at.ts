import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Board } from '../../../agent/board.ts';
import type { Look } from '../../../agent/postcheck/look.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { until } from '../../../agent/until.ts';
import { sourceRepository } from '../api.ts';
import { fluxCrds } from '../kube-programs.ts';
import type { KubeApi } from '../svid/kube-api.ts';

const { signal } = new AbortController();

export const folder = (app: string) => `cluster/kubernetes/apps/${app}`;
/** An app that is of use online only. */
export const tunnel = JSON.stringify({
  ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name: 'tunnel', title: 'Tunnel', owner: 'tools' },
  ...{
    bundle: 'core',
    supply: 'source',
    health: { deployment: 'tunnel' },
    internet: 'optional',
    backup: 'none',
  },
});

/** Kustomizations, with nobody who looks at them. */
export async function fluxApplies(kube: KubeApi, ...apps: string[]): Promise<void> {
  const crds = (await readFile(await fluxCrds(), 'utf8')).split(/^---$/m);
  const own = crds.find((text) => /name: kustomizations\./.test(text)) ?? '';
  const group = 'kustomize.toolkit.fluxcd.io';
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/kustomizations.${group}`;
  await kube.client.apply(path, own);
  await kube.namespace('flux-system', []);
  const isApplied = (name: string) => {
    const spec = {
      path: `./${folder(name)}`,
      interval: '5m',
      prune: true,
      sourceRef: { kind: 'Bucket', name: 'x' },
    };
    const metadata = { name, namespace: 'flux-system' };
    const body = { apiVersion: `${group}/v1`, kind: 'Kustomization', metadata, spec };
    return kube.client.apply(`/apis/${group}/v1/namespaces/flux-system/kustomizations/${name}`, body).then(
      () => true,
      () => false,
    );
  };
  for (const name of apps) await until(() => isApplied(name), AbortSignal.timeout(60_000));
}

/** What checks look at, with these files in Git. */
export async function lookOf(
  board: Board,
  kube: KubeApi,
  here: (name: string) => string,
  files: Record<string, string>,
): Promise<Look> {
  const { bundle } = await sourceRepository(here(String(randomInt(2 ** 30))), files);
  const git = await openRepository(here(`${randomInt(2 ** 30)}.git`), bundle, signal);
  return { board, kube: kube.client, git, head: await git.head(signal), signal } as Look;
}
