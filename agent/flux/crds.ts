import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';

/** One document of the file: its path in the API, and its YAML text. */
export interface Crd {
  path: string;
  text: string;
}

/**
 * Splits the file of custom resource definitions. Only each document's head is parsed: the schemas
 * below `spec` are long, and the API server reads them itself.
 */
export function splitCrds(text: string): Crd[] {
  return text
    .split(/^---$/m)
    .filter((document) => document.trim() !== '')
    .map((document) => {
      const head = parse(document.slice(0, document.search(/^spec:/m))) as KubeObject;
      return { path: objectPath(head), text: document };
    });
}

/** Applies Flux's custom resource definitions. */
export async function applyCrds(kube: KubeClient, file: string, signal: AbortSignal): Promise<number> {
  const crds = splitCrds(await readFile(file, 'utf8'));
  await Promise.all(crds.map(({ path, text }) => kube.apply(path, text, signal)));
  return crds.length;
}
