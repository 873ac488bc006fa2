import { parse, stringify } from 'yaml';
import { isRecord } from '../../policy/closed/object.ts';
import type { DeclaredSecret } from './declared.ts';
import type { Values } from './env-file.ts';

/** A Secret as Kubernetes has it, in plain text: for pipes only. */
export function plainSecret({ name, app, type, keys }: DeclaredSecret, values: Values): object {
  const entries = Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: app },
    type,
    stringData: Object.fromEntries(entries.map(([key, variable]) => [key, values.get(variable) ?? ''])),
  };
}

export const manifestOf = (secret: object): string => stringify(secret, { lineWidth: 0 });

/** What a Flux Kustomization names in `components`: all Secrets of one app. Source: Kustomize, components. */
export function componentOf(names: readonly string[]): string {
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    resources: names.map((name) => `${name}.yaml`).toSorted(),
  };
  return `# Written by ./cpiab secrets render.\n${stringify(content)}`;
}

/** For whom SOPS has encrypted a manifest; empty when it hasn't. */
export function recipientsIn(encrypted: string): string[] {
  const document: unknown = parse(encrypted, { logLevel: 'silent' });
  const sops = isRecord(document) ? document['sops'] : undefined;
  const age: unknown = isRecord(sops) ? sops['age'] : undefined;
  return Array.isArray(age)
    ? age.flatMap((one: unknown) => (isRecord(one) ? [String(one['recipient'])] : [])).toSorted()
    : [];
}
