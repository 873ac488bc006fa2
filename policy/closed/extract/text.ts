import { parseAllDocuments } from 'yaml';
import { parseReference } from '../../../contract/reference.ts';
import { isKubeObject, isRecord, type KubeObject, recordsOf, type Text, textsOf } from '../object.ts';
import type { FoundImage } from './extractor.ts';
import { imageFields } from './fields.ts';

/** A whole reference in running text: registry with a dot or port, path, and tag or digest. */
const REFERENCE =
  /(?<![\w./:@-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:\/[a-z0-9._-]+)+(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?(?![\w/])/g;
/** What looks like a tag but is the effect of a taint. */
const EFFECTS = /:(?:NoSchedule|NoExecute|PreferNoSchedule)$/;
/** `--sidecar-image=busybox:1` and the like: the name says that the value is an image. */
const FLAG = /^--?[\w-]*image[\w-]*=(?<image>\S+)$/i;

/** Images in any text of an object: arguments, variables, annotations, files in ConfigMaps. */
export function imagesInTexts(object: KubeObject): FoundImage[] {
  return [...textsOf(object)]
    .flatMap((text) => [...references(text), ...named(text)])
    .concat(variables(object));
}

function references({ value, at }: Text): FoundImage[] {
  return [...value.matchAll(REFERENCE)]
    .map(([image]) => ({ image, at }))
    .filter(({ image }) => /[:@]/.test(image.split('/').at(-1) ?? '') && !EFFECTS.test(image));
}

function named({ value, at }: Text): FoundImage[] {
  const image = FLAG.exec(value)?.groups?.['image'];
  return image !== undefined && parseReference(image) !== null ? [{ image, at }] : [];
}

/** Variables of containers whose name says that they hold an image. */
function variables(object: KubeObject): FoundImage[] {
  return [...recordsOf(object)].flatMap(({ record: { name, value }, at }) =>
    typeof name === 'string' && /(?:^|_)IMAGE(?:_|$)/.test(name) && isImage(value)
      ? [{ image: value, at: `${at}.value` }]
      : [],
  );
}

const isImage = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && parseReference(value) !== null;

/** A document inside an object, such as a pod's manifest in a ConfigMap. */
export interface Embedded {
  /** Where in the object. */
  at: string;
  /** An object of its own, or fields that may name images. */
  content: KubeObject | Record<string, unknown>;
}

/** YAML and JSON documents that a ConfigMap or Secret holds. Text that is neither is none. */
export function embedded(object: KubeObject): Embedded[] {
  return ['data', 'stringData'].flatMap((field) => {
    const files = object[field];
    if (!isRecord(files)) return [];
    return Object.entries(files).flatMap(([name, text]) =>
      documents(text).map((content) => ({ at: `${field}["${name}"]`, content })),
    );
  });
}

function documents(text: unknown): Record<string, unknown>[] {
  if (typeof text !== 'string' || !text.includes('\n')) return [];
  try {
    const parsed = parseAllDocuments(text, { logLevel: 'silent' });
    if (!Array.isArray(parsed) || parsed.some(({ errors }) => errors.length > 0)) return [];
    return parsed.map((document) => document.toJS() as unknown).filter(isRecord);
  } catch {
    return [];
  }
}

/** Images in a document that is no object of Kubernetes, such as an operator's settings. */
export const imagesInFields = (content: Record<string, unknown>): FoundImage[] =>
  isKubeObject(content) ? [] : imageFields({ apiVersion: '', kind: '', ...content });
