import { posix } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { flux } from '../../contract/layout.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';

/** Reads files of one revision: path below the repository → text, null when it isn't there. */
export type ReadFiles = (paths: readonly string[]) => Promise<(string | null)[]>;

/** What the folder of Flux's controller may say: plain files only, as nothing renders more than that here. */
const KustomizationSchema = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  resources: z.array(z.string().regex(/^[\w.-]+\.ya?ml$/)).min(1),
});

const ObjectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/**
 * The objects of Flux's controller, as the revision has them.
 * @throws CpiabError E5103 when the folder isn't what the box can read.
 */
export async function readSystem(read: ReadFiles): Promise<KubeObject[]> {
  const index = posix.join(flux.systemPath, 'kustomization.yaml');
  const [text = null] = await read([index]);
  const { resources } = usable(index, text, (found) => KustomizationSchema.parse(parse(found)));
  const paths = resources.map((name) => posix.join(flux.systemPath, name));
  const texts = await read(paths);
  return paths.flatMap((path, position) => usable(path, texts[position] ?? null, parseObjects));
}

/** Applies them, namespaces first. */
export async function applySystem(
  kube: KubeClient,
  objects: KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const apply = (object: KubeObject) => kube.apply(objectPath(object), object, signal);
  const isNamespace = ({ kind }: KubeObject) => kind === 'Namespace';
  await Promise.all(objects.filter(isNamespace).map(apply));
  await Promise.all(objects.filter((object) => !isNamespace(object)).map(apply));
}

function parseObjects(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null)
    .map((value) => {
      const object = ObjectSchema.parse(value) as KubeObject;
      objectPath(object);
      return object;
    });
}

function usable<T>(path: string, text: string | null, read: (text: string) => T): T {
  try {
    if (text === null) throw new Error('no such file in the revision');
    return read(text);
  } catch (cause) {
    throw new CpiabError('E5103', { subject: flux.branch, args: [path], cause });
  }
}
