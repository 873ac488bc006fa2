import { nearest } from '../../contract/document/nearest.ts';
import { embedded } from '../closed/extract/text.ts';
import { isKubeObject, isRecord, type KubeObject } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { ObjectSchemas } from '../schema/object-schemas.ts';
import { mistakesIn } from '../schema/validate.ts';
import type { FluxKustomization, Written } from '../world/world.ts';
import type { Check } from './context.ts';
import { inner } from './pod-specs.ts';

/** Source: kustomize.toolkit.fluxcd.io/v1, KustomizationSpec. */
const FLUX = `commonMetadata components decryption deletionPolicy dependsOn force healthCheckExprs
  healthChecks ignoreMissingComponents images interval kubeConfig namePrefix nameSuffix patches path postBuild
  prune retryInterval serviceAccountName sourceRef suspend targetNamespace timeout wait`.split(/\s+/);

/** Holds every object to what its Kubernetes says of its kind. */
export const checkFields: Check = ({ world, schemas }) => [
  ...world.objects.flatMap((written) => [...ofObject(written, schemas), ...ofEmbedded(written, schemas)]),
  ...world.kustomizations.flatMap(ofKustomization),
];

/** Objects of a list count as if each stood alone. */
function parts(object: KubeObject): { object: KubeObject; at: (string | number)[] }[] {
  const { items } = object;
  if (object.kind !== 'List' || !Array.isArray(items)) return [{ object, at: [] }];
  return items.flatMap((item: unknown, index) =>
    isKubeObject(item) ? [{ object: item, at: ['items', index] }] : [],
  );
}

const definitionOf = ({ apiVersion, kind }: KubeObject, { kinds }: ObjectSchemas) =>
  kinds[`${apiVersion}/${kind}`]?.definition;

function ofObject({ object, source, file, partial }: Written, schemas: ObjectSchemas): Finding[] {
  // A JSON patch has no fields of its own.
  if (partial && object['patch'] !== undefined) return [];
  return parts(object).flatMap(({ object: part, at }) => {
    const definition = definitionOf(part, schemas);
    if (definition === undefined) return [];
    return mistakesIn(part, definition, { schemas, partial }).map(({ rule, path, what }): Finding => {
      return { rule, file, line: source.lineOf([...at, ...path]), what: `${nameOf(part)} ${what}` };
    });
  });
}

/** Documents in ConfigMaps are templates: a program puts the rest in. */
function ofEmbedded({ object, source, file }: Written, schemas: ObjectSchemas): Finding[] {
  return embedded(object).flatMap(({ content, at }) => {
    const definition = isKubeObject(content) ? definitionOf(content, schemas) : undefined;
    if (definition === undefined) return [];
    const line = source.lineOfText(at.slice(at.indexOf('"') + 1, -2));
    return mistakesIn(content, definition, { schemas, partial: true }).map(({ rule, what }): Finding => {
      return { rule, file, line, what: `${nameOf(object)} ${what}, in ${at}` };
    });
  });
}

function ofKustomization({ name, written: { object, source, file } }: FluxKustomization): Finding[] {
  return Object.keys(inner(object, 'spec'))
    .filter((field) => !FLUX.includes(field))
    .map((field): Finding => {
      const near = nearest(field, FLUX);
      const what = `Kustomization/${name} has spec.${field}${near === undefined ? '' : `; is ${near} meant?`}`;
      return { rule: 'unknown-field', file, line: source.lineOf(['spec', field]), what };
    });
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${isRecord(metadata) ? String(metadata.name ?? '') : ''}`;
}
