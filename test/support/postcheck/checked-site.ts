import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Look } from '../../../agent/postcheck/look.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { until } from '../../../agent/until.ts';
import { sourceRepository, startTestApi, type TestApi } from '../api.ts';
import { fluxCrds } from '../kube-programs.ts';
import { KubeApi } from '../svid/kube-api.ts';

const { signal } = new AbortController();

export const folder = (app: string) => `cluster/kubernetes/apps/${app}`;
/** An app that is of use online only. */
const tunnel = JSON.stringify({
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
async function fluxApplies(kube: KubeApi, ...apps: string[]): Promise<void> {
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

/** A box with a real API server, as much of it as the checks of routes and of observability look at. */
export class CheckedSite {
  readonly kube = new KubeApi();
  readonly nodeAddress = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.1`;
  readonly #here: (name: string) => string;
  box!: TestApi;
  /** With an app in Git that is of use online only. */
  look!: Look;

  /** @param here joins names to an empty directory. */
  constructor(here: (name: string) => string) {
    this.#here = here;
  }

  async open(): Promise<void> {
    await this.kube.open();
    const { nodeAddress } = this;
    this.box = await startTestApi(() => undefined, { site: { network: { nodeAddress } } });
    await fluxApplies(this.kube, 'shop', 'tunnel');
    this.look = await this.lookAt({ [`${folder('tunnel')}/app.yaml`]: tunnel });
  }

  /** What checks look at, with these files in Git. */
  async lookAt(files: Record<string, string>): Promise<Look> {
    const fresh = () => this.#here(String(randomInt(2 ** 30)));
    const { bundle } = await sourceRepository(fresh(), files);
    const git = await openRepository(`${fresh()}.git`, bundle, signal);
    const { board } = this.box;
    return { board, kube: this.kube.client, git, head: await git.head(signal), signal } as Look;
  }

  async close(): Promise<void> {
    await this.box?.close();
    await this.kube.close();
  }
}
