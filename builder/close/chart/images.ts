import type { FoundImage } from '../../../policy/closed/extract/extractor.ts';
import { imageFields } from '../../../policy/closed/extract/fields.ts';
import { imagesInTexts } from '../../../policy/closed/extract/text.ts';
import { isRecord } from '../../../policy/closed/object.ts';
import type { Chart } from './chart.ts';
import { type Part, partsOf } from './values.ts';

/**
 * Images that a chart names: in its values, where a part that says `enabled: false` is passed over and an
 * empty tag means the application's version, and written out in its templates. Names that a template puts
 * together in another way are not found: nothing is rendered.
 * @param given values that a release lays over the chart's own.
 */
export function chartImages(chart: Chart, given: Record<string, unknown>): FoundImage[] {
  return partsOf(chart, given).flatMap((part) => [...inValues(part), ...inTemplates(part)]);
}

function inValues({ chart, at, values }: Part): FoundImage[] {
  const object = { apiVersion: '', kind: '', ...record(values, chart.appVersion, '') };
  return [...imageFields(object), ...imagesInTexts(object)]
    .filter(({ image }) => !image.includes('{{'))
    .map((found) => ({ image: found.image, at: `${at}values.yaml ${found.at}` }));
}

function record(values: Record<string, unknown>, version: string, key: string): Record<string, unknown> {
  const inner = Object.entries(values)
    .filter(([, value]) => !(isRecord(value) && value['enabled'] === false))
    .map(([name, value]) => [name, prepared(value, version, name)]);
  return withTag(Object.fromEntries(inner) as Record<string, unknown>, version, key);
}

function prepared(value: unknown, version: string, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => prepared(item, version, key));
  return isRecord(value) ? record(value, version, key) : value;
}

/** `image: nginx` with `tag: 1.29` beside it is one name; a tag that is left empty is the application's version. */
function withTag(values: Record<string, unknown>, version: string, key: string): Record<string, unknown> {
  const { image, repository, tag, digest } = values;
  const empty = tag === undefined || tag === null || tag === '';
  if (typeof image === 'string' && !empty && !/:[^/]*$/.test(image))
    return { ...values, image: `${image}:${String(tag)}` };
  const named = typeof repository === 'string' && (tag !== undefined || /image$/i.test(key));
  return named && empty && !digest && version !== '' ? { ...values, tag: version } : values;
}

const LITERAL = /^\s*(?:-\s*)?image:\s*["']?(?<image>[^\s"'{}#]+)["']?\s*(?:#.*)?$/;

/** Lines of templates that no template language is in. */
function inTemplates({ chart, at }: Part): FoundImage[] {
  return [...chart.templates].flatMap(([path, text]) => {
    const lines = text.split('\n').filter((line) => !line.includes('{{') && !/^\s*#/.test(line));
    const fields = lines.flatMap((line) => LITERAL.exec(line)?.groups?.['image'] ?? []);
    const whole = imagesInTexts({ apiVersion: '', kind: '', lines }).map(({ image }) => image);
    return [...new Set([...fields, ...whole])].map((image) => ({ image, at: `${at}${path}` }));
  });
}
