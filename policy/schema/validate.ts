import { nearest } from '../../contract/document/nearest.ts';
import { isRecord } from '../closed/object.ts';
import type { FieldSchema, ObjectSchemas } from './object-schemas.ts';

/** A field that is not as Kubernetes wants it. */
export interface Mistake {
  rule: 'unknown-field' | 'field-value';
  /** Of the field, or of what lacks one. */
  path: (string | number)[];
  what: string;
}

interface Looking {
  schemas: ObjectSchemas;
  /** A patch: it has only what it changes. */
  partial: boolean;
  path: (string | number)[];
}

/** What stands for something else until Flux puts it in: a variable, a text that SOPS has encrypted. */
const PUT_IN = /^(?:\$\{.*\}|ENC\[.*\])$/s;
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

const TYPES: Readonly<Record<string, { is: (value: unknown) => boolean; called: string }>> = {
  array: { is: Array.isArray, called: 'a list' },
  boolean: { is: (value) => typeof value === 'boolean', called: 'true or false' },
  integer: { is: Number.isInteger, called: 'a whole number' },
  number: { is: (value) => typeof value === 'number', called: 'a number' },
  object: { is: isRecord, called: 'a mapping' },
  string: { is: (value) => typeof value === 'string', called: 'text' },
};
const numberOrText = { is: (value: unknown) => ['number', 'string'].includes(typeof value) };
const QUANTITY_TYPE = { ...numberOrText, called: 'a quantity such as 100m or 64Mi' };
const PORT_TYPE = { ...numberOrText, called: 'a number or text' };

/**
 * All that Kubernetes would not take of an object, as strict decoding by its API server would tell it.
 * @param definition name of the object's schema.
 */
export function mistakesIn(object: unknown, definition: string, options: Omit<Looking, 'path'>): Mistake[] {
  return mistakes(object, { $ref: definition }, { ...options, path: [] });
}

function mistakes(value: unknown, schema: FieldSchema, looking: Looking): Mistake[] {
  // Null is the same as nothing there.
  if (value === null || value === undefined || (typeof value === 'string' && PUT_IN.test(value))) return [];
  const resolved = schema.$ref === undefined ? schema : (looking.schemas.definitions[schema.$ref] ?? {});
  const type = typeOf(schema, resolved);
  if (type !== undefined && !type.is(value))
    return [wrong(looking, `has ${described(value)} in ${shown(looking.path)}, expected ${type.called}`)];
  if (Array.isArray(value))
    return value.flatMap((item, index) => mistakes(item, resolved.items ?? {}, inside(looking, index)));
  return isRecord(value) ? ofRecord(value, resolved, looking) : [];
}

function typeOf({ $ref }: FieldSchema, { type, format }: FieldSchema) {
  if ($ref === QUANTITY) return QUANTITY_TYPE;
  if (format === 'int-or-string') return PORT_TYPE;
  return type === undefined ? undefined : TYPES[type];
}

function ofRecord(record: Record<string, unknown>, schema: FieldSchema, looking: Looking): Mistake[] {
  const { properties, additionalProperties, required = [] } = schema;
  const missing = looking.partial ? [] : required.filter((name) => (record[name] ?? null) === null);
  return [
    ...missing.map((name) => wrong(looking, `has no ${shown([...looking.path, name])}`)),
    ...Object.entries(record).flatMap(([name, value]) => {
      const known = Object.hasOwn(properties ?? {}, name) ? properties?.[name] : additionalProperties;
      if (known !== undefined) return mistakes(value, known, inside(looking, name));
      return properties === undefined || isAside(name, looking) ? [] : [unknown(name, properties, looking)];
    }),
  ];
}

/** What a merge patch says of a list begins with a dollar sign; `sops` is how SOPS remembers what it encrypted. */
const isAside = (name: string, { partial, path }: Looking) =>
  (partial && name.startsWith('$')) || (path.length === 0 && name === 'sops');

function unknown(name: string, properties: Record<string, FieldSchema>, { path }: Looking): Mistake {
  const near = nearest(name, Object.keys(properties));
  const what = `has ${shown([...path, name])}${near === undefined ? '' : `; is ${near} meant?`}`;
  return { rule: 'unknown-field', path: [...path, name], what };
}

const wrong = ({ path }: Looking, what: string): Mistake => ({ rule: 'field-value', path, what });
const inside = (looking: Looking, step: string | number): Looking => ({
  ...looking,
  path: [...looking.path, step],
});

/** Such as `spec.containers[0].image`. */
const shown = (path: readonly (string | number)[]) =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');

function described(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a mapping';
  return typeof value === 'string' ? `text "${value.slice(0, 40)}"` : String(value);
}
