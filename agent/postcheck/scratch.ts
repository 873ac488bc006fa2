import { flux } from '../../contract/layout.ts';
import { type KubeClient, KubeError, type KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';
import { postcheckLabel } from '../observe/kustomizations.ts';
import { until } from '../until.ts';
import { patient } from './patient.ts';

/** Where the post-check makes what it needs, but for pods that look at an app's volume. Nothing else is ever there. */
export const scratchNamespace = 'cpiab-postcheck';

const LONGEST_MS = patient(120_000);
/** Flux takes its finalizer off within seconds, when it runs at all. */
const FINALIZER_MS = patient(20_000);

const kustomizations = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${flux.namespace}/kustomizations`;
const artifacts = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${flux.namespace}/externalartifacts`;
const namespacePath = `/api/v1/namespaces/${scratchNamespace}`;

export async function makeScratch(kube: KubeClient, signal: AbortSignal): Promise<void> {
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: scratchNamespace,
      labels: { [postcheckLabel]: 'true', 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  };
  await kube.apply(objectPath(namespace), namespace, signal);
}

/**
 * Takes away all that a run made, also one that was cut off, and waits until it is gone.
 * @throws Error when some of it stays.
 */
export async function clearScratch(kube: KubeClient, given: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([given, AbortSignal.timeout(LONGEST_MS)]);
  for (const name of await namesIn(kube, kustomizations, signal))
    await removeWithFinalizer(kube, `${kustomizations}/${name}`, signal);
  for (const name of await namesIn(kube, artifacts, signal))
    await kube.remove(`${artifacts}/${name}`, signal);
  await removeBeside(kube, signal);
  await kube.remove(namespacePath, signal);
  await until(async () => await isGone(kube, namespacePath, signal), signal);
}

/** What lies in the namespaces of apps: pods beside their claims, the Secret of a user of the login. */
async function removeBeside(kube: KubeClient, signal: AbortSignal): Promise<void> {
  for (const plural of ['pods', 'secrets']) {
    const all = `/api/v1/${plural}?labelSelector=${postcheckLabel}`;
    const { items } = await kube.get<{ items: KubeObject[] }>(all, signal);
    const paths = items.map(
      ({ metadata: { namespace, name } }) => `/api/v1/namespaces/${namespace}/${plural}/${name}`,
    );
    for (const path of paths) await kube.remove(path, signal);
    for (const path of paths) await until(async () => await isGone(kube, path, signal), signal);
  }
}

async function namesIn(kube: KubeClient, collection: string, signal: AbortSignal): Promise<string[]> {
  const found = await kube
    .get<{ items: KubeObject[] }>(`${collection}?labelSelector=${postcheckLabel}`, signal)
    .catch(nothingThere);
  return found.items.map(({ metadata }) => metadata.name);
}

/** Before Flux's definitions are there. */
function nothingThere(error: unknown): { items: KubeObject[] } {
  if (error instanceof KubeError && error.status === 404) return { items: [] };
  throw error;
}

/** Flux prunes what a Kustomization has applied before it lets it go; one that does not run never would. */
async function removeWithFinalizer(kube: KubeClient, path: string, signal: AbortSignal): Promise<void> {
  await kube.remove(path, signal);
  const patience = AbortSignal.timeout(FINALIZER_MS);
  await until(async () => patience.aborted || (await isGone(kube, path, signal)), signal);
  if (await isGone(kube, path, signal)) return;
  await kube.merge(path, { metadata: { finalizers: null } }, signal).catch(gone);
}

async function isGone(kube: KubeClient, path: string, signal: AbortSignal): Promise<boolean> {
  return await kube.get(path, signal).then(() => false, gone);
}

function gone(error: unknown): true {
  if (error instanceof KubeError && error.status === 404) return true;
  throw error;
}
