import { isRecord, join, type KubeObject, recordsIn } from '../object.ts';
import type { Extractor, FoundImage } from './extractor.ts';

/**
 * Images of a pod template: containers of all three kinds, and image volumes.
 * Source: Kubernetes API reference v1.36, PodSpec.
 * @param path of the pod's spec in the object.
 */
export const podSpecAt =
  (...path: string[]): Extractor =>
  (object) => {
    const spec = path.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), object);
    return isRecord(spec) ? imagesOf(spec, path.join('.')) : [];
  };

function imagesOf(spec: Record<string, unknown>, at: string): FoundImage[] {
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    recordsIn(spec[list]).map((item, index) => image(item['image'], `${join(at, list)}[${index}].image`)),
  );
  const volumes = recordsIn(spec['volumes']).map((item, index) =>
    image(
      isRecord(item['image']) ? item['image']['reference'] : undefined,
      `${join(at, 'volumes')}[${index}].image.reference`,
    ),
  );
  return [...containers, ...volumes].flat();
}

const image = (value: unknown, at: string): FoundImage[] =>
  typeof value === 'string' ? [{ image: value, at }] : [];

/** A list object holds others; each counts as if it stood alone. */
export const items = (object: KubeObject): unknown[] =>
  Array.isArray(object['items']) ? object['items'] : [];
