import { type KubeObject, kindOf } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { ObjectSchemas } from '../schema/object-schemas.ts';
import type { Written } from '../world/world.ts';
import { appOf, type Check } from './context.ts';

/** Source: RFC 1123 section 2.1 as Kubernetes has it; names of RBAC objects may have colons. */
const NAME = /^[a-z0-9](?:[-a-z0-9.:]*[a-z0-9])?$/;

/** API versions that are gone, and what to write. Source: Kubernetes, Deprecated API Migration Guide. */
const REMOVED: Readonly<Record<string, string>> = {
  'extensions/v1beta1': 'apps/v1, networking.k8s.io/v1 or policy/v1',
  'apps/v1beta1': 'apps/v1',
  'apps/v1beta2': 'apps/v1',
  'batch/v1beta1': 'batch/v1',
  'networking.k8s.io/v1beta1': 'networking.k8s.io/v1',
  'policy/v1beta1': 'policy/v1',
  'rbac.authorization.k8s.io/v1beta1': 'rbac.authorization.k8s.io/v1',
  'apiextensions.k8s.io/v1beta1': 'apiextensions.k8s.io/v1',
  'admissionregistration.k8s.io/v1beta1': 'admissionregistration.k8s.io/v1',
  'storage.k8s.io/v1beta1': 'storage.k8s.io/v1',
  'scheduling.k8s.io/v1beta1': 'scheduling.k8s.io/v1',
  'autoscaling/v2beta1': 'autoscaling/v2',
  'autoscaling/v2beta2': 'autoscaling/v2',
  'discovery.k8s.io/v1beta1': 'discovery.k8s.io/v1',
  'node.k8s.io/v1beta1': 'node.k8s.io/v1',
};

const at = ({ source, file }: Written, ...path: (string | number)[]) => ({ file, line: source.lineOf(path) });

export const checkShape: Check = ({ world }) =>
  whole(world.objects).flatMap((written): Finding[] => {
    const { metadata, kind } = written.object;
    const name = metadata?.name;
    // A list holds others and has no name.
    if (kind.endsWith('List')) return [];
    if (typeof name !== 'string')
      return [
        { rule: 'object-shape', ...at(written, 'metadata'), what: `this ${kind} has no metadata.name` },
      ];
    return NAME.test(name) && name.length <= 253
      ? []
      : [
          {
            rule: 'object-shape',
            ...at(written, 'metadata', 'name'),
            what: `"${name}" is no name for an object`,
          },
        ];
  });

export const checkTwice: Check = ({ world }) => {
  const seen = new Map<string, Written>();
  return whole(world.objects).flatMap((written): Finding[] => {
    const { metadata } = written.object;
    const key = `${kindOf(written.object)} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
    const first = seen.get(key);
    seen.set(key, first ?? written);
    if (first === undefined || metadata?.name === undefined) return [];
    const { file, line } = at(first, 'metadata', 'name');
    const what = `${written.object.kind} ${metadata.name} is also in ${file}:${line}`;
    return [{ rule: 'object-twice', ...at(written, 'metadata', 'name'), what }];
  });
};

export const checkNamespace: Check = ({ world, apps, schemas }) =>
  whole(world.objects).flatMap((written): Finding[] => {
    const { metadata, kind } = written.object;
    const key = kind === 'Namespace' ? 'name' : 'namespace';
    const namespace = metadata?.[key];
    if (namespace === undefined) return isNamespaced(written.object, schemas) ? [homeless(written)] : [];
    const app = appOf(written.file, apps);
    if (app === undefined || namespace === app.content.name) return [];
    const what = `is in ${namespace}, its app is ${app.content.name}`;
    return [{ rule: 'object-namespace', ...at(written, 'metadata', key), what }];
  });

const isNamespaced = ({ apiVersion, kind }: KubeObject, { kinds }: ObjectSchemas) =>
  kinds[`${apiVersion}/${kind}`]?.namespaced === true;

function homeless(written: Written): Finding {
  const { kind, metadata } = written.object;
  const what = `${kind} ${metadata?.name ?? ''} names no namespace, so it would be in default`;
  return { rule: 'object-namespace', ...at(written, 'metadata', 'name'), what };
}

export const checkApiVersion: Check = ({ world, schemas }) =>
  world.objects.flatMap((written): Finding[] => {
    const { apiVersion } = written.object;
    const instead = REMOVED[apiVersion] ?? otherVersions(written.object, schemas);
    if (instead === undefined) return [];
    const what = `${apiVersion} is not in Kubernetes ${schemas.version}; use ${instead}`;
    return [{ rule: 'api-removed', ...at(written, 'apiVersion'), what }];
  });

/** Versions of a kind of Kubernetes itself, where it has not the one that is asked for. */
function otherVersions(object: KubeObject, { kinds }: ObjectSchemas): string | undefined {
  if (kinds[`${object.apiVersion}/${object.kind}`] !== undefined) return undefined;
  const versions = Object.keys(kinds)
    .map((key) => key.slice(0, key.lastIndexOf('/')))
    .filter((apiVersion) => kindOf({ apiVersion, kind: object.kind }) === kindOf(object))
    .filter((apiVersion) => kinds[`${apiVersion}/${object.kind}`] !== undefined);
  return versions.length === 0 ? undefined : [...new Set(versions)].join(', ');
}

const whole = (objects: readonly Written[]) => objects.filter(({ partial }) => !partial);
