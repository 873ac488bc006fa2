/** A Kubernetes object as a manifest has it. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata?: {
    name?: string;
    namespace?: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  [field: string]: unknown;
}

export function isKubeObject(value: unknown): value is KubeObject {
  if (!isRecord(value)) return false;
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mappings in a list; none of what is no list. */
export const recordsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

/** `Kind/namespace/name`, without the namespace where it has none. */
export function nameOf({ kind, metadata }: KubeObject): string {
  return [kind, metadata?.namespace, metadata?.name].filter((part) => part !== undefined).join('/');
}

/** `group/Kind`, only `Kind` in the core group. */
export function kindOf({ apiVersion, kind }: KubeObject): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? kind : `${group}/${kind}`;
}

/** A text in an object, and where in it. */
export interface Text {
  value: string;
  /** Such as `spec.template.spec.containers[0].image`. */
  at: string;
  /** Name of the member that holds it; of a list, the list's. */
  key: string;
}

/** Every text in a value, keys not. */
export function* textsOf(value: unknown, at = '', key = ''): Generator<Text> {
  if (typeof value === 'string') yield { value, at, key };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsOf(item, `${at}[${index}]`, key);
  } else if (isRecord(value)) {
    for (const [name, member] of Object.entries(value)) yield* textsOf(member, join(at, name), name);
  }
}

/** Every mapping in a value, itself included, and where. */
export function* recordsOf(
  value: unknown,
  at = '',
): Generator<{ record: Record<string, unknown>; at: string }> {
  if (isRecord(value)) yield { record: value, at };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* recordsOf(item, `${at}[${index}]`);
  } else if (isRecord(value)) {
    for (const [name, member] of Object.entries(value)) yield* recordsOf(member, join(at, name));
  }
}

/** One more member on a path. */
export function join(at: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${at}["${name}"]`;
  return at === '' ? name : `${at}.${name}`;
}
