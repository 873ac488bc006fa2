import { isRecord, kindOf } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { Written } from '../world/world.ts';
import type { Check } from './context.ts';

const RBAC = 'rbac.authorization.k8s.io/';

export const checkRoles: Check = ({ world }) =>
  world.objects
    .filter(({ object }) => kindOf(object).startsWith(RBAC))
    .flatMap((written) => [...wildcards(written), ...bindings(written)]);

function wildcards({ object, source, file }: Written): Finding[] {
  const { rules } = object;
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: unknown, index) =>
    ['apiGroups', 'resources', 'verbs', 'nonResourceURLs'].flatMap((field): Finding[] => {
      const values = isRecord(rule) ? rule[field] : undefined;
      if (!Array.isArray(values) || !values.includes('*')) return [];
      const line = source.lineOf(['rules', index, field]);
      const what = `${nameOf(object)} allows all ${field}`;
      return [{ rule: 'rbac-wildcard', file, line, object: nameOf(object), what }];
    }),
  );
}

function bindings({ object, source, file }: Written): Finding[] {
  const { roleRef } = object;
  if (!isRecord(roleRef) || roleRef['name'] !== 'cluster-admin') return [];
  const line = source.lineOf(['roleRef', 'name']);
  return [
    { rule: 'rbac-wildcard', file, line, object: nameOf(object), what: `${nameOf(object)} gives everything` },
  ];
}

/** Whoever makes a namespace also closes it. */
export const checkNetworkPolicies: Check = ({ world }) => {
  const closed = new Set(world.objects.filter(isDefaultDeny).map(({ object }) => object.metadata?.namespace));
  return world.objects
    .filter(({ object, partial }) => object.kind === 'Namespace' && !partial)
    .filter(({ object }) => !closed.has(object.metadata?.name))
    .map(({ object, source, file }): Finding => {
      const what = `namespace ${String(object.metadata?.name)} has no NetworkPolicy default-deny`;
      return {
        rule: 'network-policy',
        file,
        line: source.lineOf(['metadata', 'name']),
        object: nameOf(object),
        what,
      };
    });
};

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The API server refuses what these rules can't see, such as pods that a program makes. Source: Pod Security Standards. */
export const checkPodSecurity: Check = ({ world }) =>
  world.objects
    .filter(({ object, partial }) => object.kind === 'Namespace' && !partial)
    .flatMap(({ object, source, file }): Finding[] => {
      const labels = isRecord(object.metadata) ? object.metadata['labels'] : undefined;
      const level = isRecord(labels) ? labels[ENFORCE] : undefined;
      if (level === 'restricted') return [];
      const line = source.lineOf(['metadata', 'labels', ENFORCE]);
      const what = `namespace ${object.metadata?.name ?? ''} ${level === undefined ? 'enforces nothing' : `enforces ${String(level)}`}`;
      return [{ rule: 'pod-security', file, line, object: nameOf(object), what }];
    });

function isDefaultDeny({ object }: Written): boolean {
  const spec = object['spec'];
  if (kindOf(object) !== 'networking.k8s.io/NetworkPolicy' || !isRecord(spec)) return false;
  const { podSelector, policyTypes, ingress, egress } = spec;
  const all = isRecord(podSelector) && Object.keys(podSelector).length === 0;
  const types = Array.isArray(policyTypes) ? policyTypes : [];
  const both = types.includes('Ingress') && types.includes('Egress');
  return all && both && ingress === undefined && egress === undefined;
}

const nameOf = ({ kind, metadata }: Written['object']) => `${kind}/${metadata?.name ?? ''}`;
