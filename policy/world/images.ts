import { isRecord, type KubeObject, recordsIn } from '../closed/object.ts';

/** Changes images of containers as kustomize's `images` field does. Source: kustomization.yaml reference, `images`. */
export function changedImages(object: KubeObject, images: unknown): KubeObject {
  const changes = recordsIn(images);
  return changes.length === 0 ? object : (changed(object, changes) as KubeObject);
}

function changed(value: unknown, changes: readonly Record<string, unknown>[]): unknown {
  if (Array.isArray(value)) return value.map((item) => changed(item, changes));
  if (!isRecord(value)) return value;
  const inner = Object.entries(value).map(([key, member]) => [key, changed(member, changes)] as const);
  const copy = Object.fromEntries(inner);
  return typeof copy['image'] === 'string' ? { ...copy, image: renamed(copy['image'], changes) } : copy;
}

function renamed(image: string, changes: readonly Record<string, unknown>[]): string {
  const { name = image, rest = '' } =
    /^(?<name>.+?)(?<rest>(?::\w[\w.-]*)?(?:@sha256:[0-9a-f]+)?)$/.exec(image)?.groups ?? {};
  const change = changes.find((one) => one['name'] === name);
  if (change === undefined) return image;
  const { newName = name, newTag, digest } = change;
  const version = newTag === undefined ? '' : `:${String(newTag)}`;
  const exact = digest === undefined ? '' : `@${String(digest)}`;
  return `${String(newName)}${version === '' && exact === '' ? rest : version + exact}`;
}
