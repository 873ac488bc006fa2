import { posix } from 'node:path';
import { parse } from 'yaml';
import { type App, AppSchema } from '../../contract/app.ts';
import { KubeError } from '../kube/client.ts';
import { listKustomizations } from '../observe/kustomizations.ts';
import type { Look } from './look.ts';
import { fail, type Outcome, pass } from './outcome.ts';

/** An app that the site runs. */
export interface RunningApp {
  app: App;
  /** Name of what applies it. */
  kustomization: string;
}

/** Apps of every Kustomization whose folder in Git has an `app.yaml`, by name. */
export async function listApps({
  kube,
  git,
  head,
  signal,
}: Pick<Look, 'kube' | 'git' | 'head' | 'signal'>): Promise<RunningApp[]> {
  const all = await listKustomizations(kube, signal);
  const files = all.map(({ spec }) => posix.join(posix.normalize(spec.path ?? '.'), 'app.yaml'));
  const texts = await git.readFiles(head.id, files, signal);
  const found = all.flatMap(({ metadata }, index) => {
    const text = texts[index] ?? null;
    return text === null ? [] : { app: AppSchema.parse(parse(text)), kustomization: metadata.name };
  });
  return found.toSorted((a, b) => (a.app.name < b.app.name ? -1 : 1));
}

/** Names of apps that are of use online only, which are also their namespaces. They gate nothing. */
export async function onlineApps(look: Pick<Look, 'kube' | 'git' | 'head' | 'signal'>): Promise<Set<string>> {
  const optional = (await listApps(look)).filter(({ app }) => app.internet === 'optional');
  return new Set(optional.map(({ app }) => app.name));
}

interface Deployment {
  status: {
    availableReplicas?: number;
    conditions?: { type: string; status: string; message?: string }[];
  };
}

/** As the app.yaml says: a Deployment is available, or a Service answers. */
export async function checkHealth({ name, health }: App, look: Look): Promise<Outcome> {
  return 'deployment' in health
    ? await checkDeployment(name, health.deployment, look)
    : await checkService(name, health, look);
}

async function checkDeployment(namespace: string, name: string, { kube, signal }: Look): Promise<Outcome> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const { status } = await kube.get<Deployment>(path, signal);
  // One that is to have no pod counts as available for Kubernetes, not for who wants to use it.
  if ((status.availableReplicas ?? 0) > 0) return pass(`Deployment ${name} is available`);
  const why = status.conditions?.find(({ type, status: is }) => type === 'Available' && is !== 'True');
  return fail(`Deployment ${name} is not available: ${why?.message ?? 'it has no pod'}`);
}

/** The API server asks it, from the box's own address. Source: Kubernetes, "Access Services Running on Clusters". */
async function checkService(
  namespace: string,
  { service, port, path }: { service: string; port: number; path: string },
  { kube, signal }: Look,
): Promise<Outcome> {
  const what = `Service ${service}, port ${port}, ${path}`;
  try {
    await kube.text(`/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy${path}`, signal);
    return pass(`${what} answers`);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return fail(`${what} does not answer: ${error.message}`);
  }
}
