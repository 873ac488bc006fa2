import { formatReference, type ImageReference, parseReference } from '../../contract/reference.ts';
import type { Site } from '../../contract/site.ts';
import { addressesOf } from './addresses.ts';
import type { FoundImage } from './extract/extractor.ts';
import { items } from './extract/pods.ts';
import { embedded, imagesInFields, imagesInTexts } from './extract/text.ts';
import { kinds } from './kinds.ts';
import { isKubeObject, type KubeObject, kindOf, nameOf } from './object.ts';
import type { Reached } from './reached.ts';
import { repositoryOf } from './repositories.ts';
import { type FoundSource, isSourceAddress, Sources } from './sources.ts';

/** Something outside of Git that an object asks for. */
export interface Need {
  /** As it is written. */
  text: string;
  /** File it is written in, below the tree. */
  file: string;
  /** From the root to the field. */
  way: string[];
}

export interface Needs {
  /** By normalised reference. */
  images: Map<string, { reference: ImageReference; needs: Need[] }>;
  addresses: Need[];
  /** Charts that objects of Flux take, by reference. */
  charts: Map<string, Need[]>;
  /** Git repositories that objects of Flux take, by `address@reference`. */
  repositories: Map<string, Need[]>;
  /** Objects of kinds that nobody has looked at. */
  unknown: { kind: string; need: Need }[];
}

/** Reads every object for images and addresses; objects inside objects count as well. */
export function needsOf(objects: readonly Reached[], site: Site): Needs {
  const needs: Needs = {
    images: new Map(),
    addresses: [],
    charts: new Map(),
    repositories: new Map(),
    unknown: [],
  };
  const sources = new Sources(objects, site);
  for (const { object, file, way } of objects) {
    read(object, { file, way }, site, needs);
    for (const found of sources.of(object)) addChart(found, { file, way }, needs);
    addRepository(object, { file, way }, site, needs);
  }
  return needs;
}

/** Where something is named: the file, and the way to the object. */
export type Place = Omit<Need, 'text'>;

function read(object: KubeObject, place: Place, site: Site, needs: Needs): void {
  const extract = kinds.get(kindOf(object)) ?? (isList(object) ? () => [] : undefined);
  if (extract === undefined)
    needs.unknown.push({ kind: kindOf(object), need: { ...place, text: nameOf(object) } });
  for (const image of [...(extract?.(object) ?? []), ...imagesInTexts(object)]) addImage(image, place, needs);
  for (const { address, at } of addressesOf(object, site).filter(({ at }) => !isSourceAddress(object, at)))
    needs.addresses.push({ text: address, file: place.file, way: [...place.way, at] });
  readInside(object, place, site, needs);
}

/** Items of a list, and documents in the files of a ConfigMap. */
function readInside(object: KubeObject, place: Place, site: Site, needs: Needs): void {
  for (const [index, item] of items(object).filter(isKubeObject).entries())
    read(item, under(place, `items[${index}]`), site, needs);
  for (const { at, content } of embedded(object)) {
    const here = under(place, at);
    if (isKubeObject(content)) read(content, under(here, nameOf(content)), site, needs);
    else for (const image of imagesInFields(content)) addImage(image, here, needs);
  }
}

const isList = (object: KubeObject) => object.kind.endsWith('List') && items(object).length > 0;
const under = ({ file, way }: Place, step: string): Place => ({ file, way: [...way, step] });

function addChart({ name, at }: FoundSource, { file, way }: Place, needs: Needs): void {
  const text = name.replace(/^.*\/(?<chart>[^:@]+).*$/, '$<chart>');
  needs.charts.set(name, [...(needs.charts.get(name) ?? []), { text, file, way: [...way, at] }]);
}

function addRepository(object: KubeObject, { file, way }: Place, site: Site, needs: Needs): void {
  const name = repositoryOf(object, site);
  if (name === null) return;
  const need = { text: name.replace(/@[^@]*$/, ''), file, way: [...way, 'spec.url'] };
  needs.repositories.set(name, [...(needs.repositories.get(name) ?? []), need]);
}

/** Notes an image, and where it is named. */
export function addImage({ image, at }: FoundImage, { file, way }: Place, needs: Needs): void {
  const reference = parseReference(image);
  // Not an image at all, such as a template's placeholder: it is named as it stands, and isn't in the bundle.
  const key = reference === null ? image : formatReference(reference);
  const known = needs.images.get(key) ?? {
    reference: reference ?? { host: '', repository: image },
    needs: [],
  };
  const need = { text: image, file, way: [...way, at] };
  // A field and the text in it are the same place, and so are a file and the document in it: the nearest counts.
  const others = known.needs.filter((one) => !isPrefix(one.way, need.way));
  const nearer = others.some((one) => isPrefix(need.way, one.way));
  needs.images.set(key, { ...known, needs: nearer ? others : [...others, need] });
}

const isPrefix = (short: string[], long: string[]) => short.every((step, index) => long[index] === step);
