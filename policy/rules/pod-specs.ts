import { embedded } from '../closed/extract/text.ts';
import { isKubeObject, isRecord, type KubeObject, kindOf } from '../closed/object.ts';
import type { Written } from '../world/world.ts';

type Steps = (string | number)[];

/** Where a kind has the spec of its pods. Source: Kubernetes API reference v1.36. */
const PATHS: Readonly<Record<string, Steps>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  'apps/DaemonSet': ['spec', 'template', 'spec'],
  'apps/Deployment': ['spec', 'template', 'spec'],
  'apps/ReplicaSet': ['spec', 'template', 'spec'],
  'apps/StatefulSet': ['spec', 'template', 'spec'],
  'batch/Job': ['spec', 'template', 'spec'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/** A mapping in a manifest, and how to find its line. */
export interface Part {
  content: Record<string, unknown>;
  file: string;
  /** `Kind/name` of the object that holds it. */
  object: string;
  /** `group/Kind` of the object that it is of; differs from `object` for a pod in a ConfigMap. */
  kind: string;
  partial: boolean;
  lineOf(...path: Steps): number;
}

/** Specs of all pods that an object makes, also of those that are written in a ConfigMap. */
export function podSpecs(written: Written): Part[] {
  const { object, source, file, partial } = written;
  const name = `${object.kind}/${object.metadata?.name ?? ''}`;
  const own = specOf(object);
  const inside = embedded(object).flatMap(({ content, at }) => {
    const found = isKubeObject(content) ? specOf(content) : null;
    const line = source.lineOfText(at.slice(at.indexOf('"') + 1, -2));
    return found === null ? [] : [{ content: found.spec, kind: found.kind, lineOf: () => line }];
  });
  const direct =
    own === null
      ? []
      : [
          {
            content: own.spec,
            kind: own.kind,
            lineOf: (...path: Steps) => source.lineOf([...own.path, ...path]),
          },
        ];
  return [...direct, ...inside].map((part) => ({ ...part, file, object: name, partial }));
}

function specOf(object: KubeObject): { spec: Record<string, unknown>; kind: string; path: Steps } | null {
  const kind = kindOf(object);
  const path = PATHS[kind];
  const spec = path?.reduce<unknown>((inner, step) => (isRecord(inner) ? inner[step] : undefined), object);
  return path !== undefined && isRecord(spec) ? { spec, kind, path } : null;
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'];

/** A container of a pod; `list` tells which kind. */
export interface Container extends Part {
  name: string;
  list: string;
  pod: Part;
}

export function containersOf(pod: Part): Container[] {
  return LISTS.flatMap((list) => {
    const items = pod.content[list];
    if (!Array.isArray(items)) return [];
    return items.flatMap((content: unknown, index): Container[] =>
      isRecord(content)
        ? [
            {
              ...pod,
              content,
              pod,
              list,
              name: String(content['name'] ?? index),
              lineOf: (...path) => pod.lineOf(list, index, ...path),
            },
          ]
        : [],
    );
  });
}

/** A mapping in a mapping; empty where there is none. */
export function inner(content: Record<string, unknown>, ...path: string[]): Record<string, unknown> {
  const found = path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), content);
  return isRecord(found) ? found : {};
}
