import { mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { CachedFile } from '../../host/cache.ts';
import { ProcessError } from '../../host/process.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import { isKubeObject, isRecord, type KubeObject } from '../../policy/closed/object.ts';
import type { Reached } from '../../policy/closed/reached.ts';
import { substituted, variablesOf } from '../../policy/world/substitute.ts';
import { kustomizationOf } from './survey.ts';

/** An object as kustomize gives it. */
export type Rendered = Omit<Reached, 'way'>;

/** A folder that kustomize can't build; the message is its own. */
export class KustomizeError extends Error {
  override readonly name = 'KustomizeError';
}

/** How a Flux Kustomization changes what it applies. Source: kustomize.toolkit.fluxcd.io/v1. */
export interface FluxSpec {
  path: string;
  patches?: unknown;
  images?: unknown;
  components?: unknown;
  ignoreMissingComponents?: unknown;
  namePrefix?: unknown;
  nameSuffix?: unknown;
  targetNamespace?: unknown;
  postBuild?: unknown;
}

/** Where overlays are put that ask kustomize for each object's origin. */
const OVERLAYS = '.cpiab-close';
const ORIGIN = 'config.kubernetes.io/origin';

/** Builds folders of a checked out tree with the locked kustomize, isolated and without a network. */
export class Renderer {
  readonly #tools: { sandbox: Sandbox; kustomize: CachedFile; signal: AbortSignal };
  readonly tree: string;
  #built = 0;

  constructor(tree: string, tools: { sandbox: Sandbox; kustomize: CachedFile; signal: AbortSignal }) {
    this.tree = tree;
    this.#tools = tools;
  }

  /** @throws KustomizeError */
  async build(spec: FluxSpec): Promise<Rendered[]> {
    const folder = posix.normalize(spec.path);
    const overlay = posix.join(OVERLAYS, String(this.#built++));
    await mkdir(join(this.tree, overlay), { recursive: true });
    const components = await this.#components(spec, folder);
    const content = overlayOf({ ...spec, components }, folder);
    await writeFile(join(this.tree, overlay, 'kustomization.yaml'), stringify(content));
    const text = await this.#kustomize(overlay);
    return parseAllDocuments(substituted(text, variablesOf(spec.postBuild))).flatMap((document) => {
      const object: unknown = document.toJS();
      return isKubeObject(object) ? [rendered(object, overlay, folder)] : [];
    });
  }

  /** Without those that are not there, where Flux passes over them. */
  async #components({ components, ignoreMissingComponents }: FluxSpec, folder: string): Promise<unknown> {
    if (ignoreMissingComponents !== true || !Array.isArray(components)) return components;
    const there = await Promise.all(
      components.map(
        async (path) => (await kustomizationOf(this.tree, posix.join(folder, String(path)))) !== null,
      ),
    );
    return components.filter((_, index) => there[index]);
  }

  async #kustomize(overlay: string): Promise<string> {
    const { sandbox, kustomize, signal } = this.#tools;
    try {
      const { stdout } = await sandbox.run(
        ['/kustomize', 'build', `/tree/${overlay}`, '--load-restrictor', 'LoadRestrictionsNone'],
        {
          binds: [
            { source: kustomize.path, target: '/kustomize', write: false },
            { source: this.tree, target: '/tree', write: false },
          ],
          maxOutput: 64 << 20,
          signal,
        },
      );
      return stdout;
    } catch (cause) {
      if (!(cause instanceof ProcessError)) throw cause;
      const said = cause.stderr.trim().split('\n').at(-1) ?? '';
      throw new KustomizeError(said.replace(/^Error: /, '').replaceAll('/tree/', ''), { cause });
    }
  }
}

function overlayOf(
  { patches, images, components, namePrefix, nameSuffix, targetNamespace }: FluxSpec,
  folder: string,
) {
  const up = (path: unknown) => (typeof path === 'string' ? `../../${posix.join(folder, path)}` : path);
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    buildMetadata: ['originAnnotations'],
    resources: [`../../${folder}`],
    ...(patches !== undefined && { patches }),
    ...(images !== undefined && { images }),
    ...(Array.isArray(components) && { components: components.map(up) }),
    ...(namePrefix !== undefined && { namePrefix }),
    ...(nameSuffix !== undefined && { nameSuffix }),
    ...(targetNamespace !== undefined && { namespace: targetNamespace }),
  };
}

function rendered(object: KubeObject, overlay: string, folder: string): Rendered {
  const annotations = { ...object.metadata?.annotations };
  const text = annotations[ORIGIN];
  delete annotations[ORIGIN];
  const origin: unknown = text === undefined ? null : parse(text);
  const named = isRecord(origin) ? (origin['path'] ?? origin['configuredIn']) : undefined;
  const file = typeof named === 'string' ? posix.join(overlay, named) : folder;
  const { annotations: _, ...metadata } = object.metadata ?? {};
  const kept = Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
  return { object: { ...object, metadata: kept }, file };
}
