import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { kubernetesVersion } from '../../../../builder/fetch/object-schemas.ts';
import { kinds } from '../../../../policy/closed/kinds.ts';
import { loadObjectSchemas } from '../../../../policy/schema/object-schemas.ts';

const schemas = await loadObjectSchemas();

test('the schemas are those of the Kubernetes that boxes run (else: npm run objects)', async () => {
  const repository = dirname(dirname(dirname(dirname(import.meta.dirname))));
  expect(schemas.version).toBe(await kubernetesVersion(repository));
});

test('every kind of Kubernetes itself that the closed world knows has one', () => {
  const has = Object.keys(schemas.kinds).map((key) => key.replace(/(?:^|(?<=\/))v\d\w*\//, ''));
  const own = [...kinds.keys()].filter(
    (kind) => !/^[\w.-]+\.(?:dev|io|com|org)\//.test(kind) || /\.k8s\.io\//.test(kind),
  );
  // Gateways are defined by custom resources.
  expect(own.filter((kind) => !kind.startsWith('gateway.') && !has.includes(kind))).toEqual([]);
});

test('each definition that another names is there', () => {
  const names = [...JSON.stringify(schemas).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => schemas.definitions[name] === undefined)).toEqual([]);
});

test('what has a namespace is told from what has none', () => {
  expect(schemas.kinds['apps/v1/Deployment']?.namespaced).toBe(true);
  expect(schemas.kinds['v1/ConfigMap']?.namespaced).toBe(true);
  expect(schemas.kinds['v1/Namespace']?.namespaced).toBe(false);
  expect(schemas.kinds['rbac.authorization.k8s.io/v1/ClusterRole']?.namespaced).toBe(false);
});
