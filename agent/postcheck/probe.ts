import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flux, ports } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Artifact } from '../flux/site-artifact.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';
import { type Kustomization, notApplied, postcheckLabel } from '../observe/kustomizations.ts';
import { Publisher, revisionOf } from '../serve/artifacts/publisher.ts';
import { GitRepository } from '../serve/git/repository.ts';
import { gitEnvironment } from '../serve/git/settings.ts';
import { until } from '../until.ts';

/** Folder of archives that are not of the site's Git, below that of those that are. */
export const probeFolder = 'postcheck';

interface Places {
  /** Directory that may be made and removed. */
  directory: string;
  artifacts: string;
  /** Of the artifact server. */
  url: string;
}

/**
 * A repository, a source and a Kustomization of its own beside those of the site: what Flux does with a commit is
 * seen without one in anybody's history. The way of the commit is that of any other from the publisher on.
 */
export class FluxSource {
  readonly #name: string;
  readonly #places: Places;
  readonly #kube: KubeClient;
  readonly #more: object;

  /** @param more of the Kustomization's `spec`. */
  constructor(name: string, places: Places, kube: KubeClient, more: object = {}) {
    this.#name = `postcheck-${name}`;
    this.#places = { ...places, directory: join(places.directory, `${name}.git`) };
    this.#kube = kube;
    this.#more = more;
  }

  /** Commits files in the place of those before, and waits until Flux has applied them. @returns why not, or null. */
  async apply(files: Readonly<Record<string, string>>, limitMs: number, signal: AbortSignal) {
    const repository = await this.#commit(files, signal);
    const { artifacts, url } = this.#places;
    const publisher = new Publisher(repository, join(artifacts, probeFolder), `${url}/${probeFolder}`);
    const commit = await repository.head(signal);
    const artifact = await publisher.publish(commit, signal);
    await this.#point(artifact, signal);
    const patience = AbortSignal.timeout(limitMs);
    let why: string | null = 'Flux has not looked at it yet';
    let failure: string | undefined;
    await until(async () => {
      const found = await this.#kube.get<Kustomization>(objectPath(this.#kustomization()), signal);
      const missing = notApplied(found, revisionOf(commit.id));
      // What Flux says of the failure explains more than that there is no success; while it tries again it says nothing.
      failure = failureOf(found) ?? failure;
      why = missing === null ? null : (failure ?? missing);
      return why === null || patience.aborted;
    }, signal);
    return why;
  }

  async #commit(files: Readonly<Record<string, string>>, signal: AbortSignal): Promise<GitRepository> {
    const { directory } = this.#places;
    const git = ['git', '--git-dir', directory];
    const options = { env: gitEnvironment(), signal };
    await run(['git', 'init', '--quiet', '--bare', '--initial-branch', flux.branch, directory], options);
    await run([...git, 'fast-import', '--quiet', '--force'], { ...options, input: importOf(files) });
    return new GitRepository(directory);
  }

  async #point(artifact: Artifact, signal: AbortSignal): Promise<void> {
    const source = this.#source();
    await this.#kube.apply(objectPath(source), source, signal);
    const condition = { type: 'Ready', status: 'True', reason: 'Published', message: artifact.revision };
    const conditions = [{ ...condition, lastTransitionTime: artifact.lastUpdateTime }];
    await this.#kube.patchStatus(objectPath(source), { artifact, conditions }, signal);
    const kustomization = this.#kustomization();
    await this.#kube.apply(objectPath(kustomization), kustomization, signal);
  }

  #source(): KubeObject {
    return {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'ExternalArtifact',
      metadata: { name: this.#name, namespace: flux.namespace, labels: { [postcheckLabel]: 'true' } },
      spec: {
        sourceRef: { apiVersion: 'cpiab.dev/v1', kind: 'Box', name: 'box', namespace: flux.namespace },
      },
    };
  }

  #kustomization(): KubeObject {
    const { apiVersion, kind } = this.#source();
    return {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: this.#name, namespace: flux.namespace, labels: { [postcheckLabel]: 'true' } },
      spec: {
        path: './',
        sourceRef: { apiVersion, kind, name: this.#name },
        ...{ interval: '10s', retryInterval: '2s', timeout: '30s', prune: true, ...this.#more },
      },
    };
  }
}

const failureOf = ({ status }: Kustomization) =>
  status?.conditions?.find(({ type, status: is }) => type === 'Ready' && is === 'False')?.message;

/** Where sources of a post-check have their files. */
export function probePlaces(
  paths: { run: string; artifacts: string },
  nodeAddress: string,
  port: number = ports.artifacts,
): Places {
  const directory = join(paths.run, 'postcheck');
  return { directory, artifacts: paths.artifacts, url: `http://${nodeAddress}:${port}` };
}

/** Takes the files of all sources away. */
export async function removeProbes({ directory, artifacts }: Places): Promise<void> {
  for (const path of [directory, join(artifacts, probeFolder)])
    await rm(path, { recursive: true, force: true });
}

/** A commit of just these files. Always the same time, so the same files give the same bytes. Source: git-fast-import(1). */
function importOf(files: Readonly<Record<string, string>>): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const head = `commit refs/heads/${flux.branch}\ncommitter cpiab <box@cpiab.dev> 946684800 +0000\n`;
  const content = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`);
  return `${head}${data('post-check')}deleteall\n${content.join('')}\n`;
}
