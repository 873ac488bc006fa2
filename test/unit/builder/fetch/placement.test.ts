import { expect, test } from 'vitest';
import { placementOf } from '../../../../builder/fetch/placement.ts';
import { ImageRecipeSchema } from '../../../../contract/image.ts';
import type { Program } from '../../../../contract/programs.ts';

const program = (name: string, ...bins: string[]): Program => ({
  name,
  dir: name,
  outputs: bins.map((bin) => ({ bin, package: '.' })),
  tags: [],
  variables: {},
  modules: [{ module: `example.org/${name}`, version: 'v1.0.0', licence: 'MIT' }],
});

const recipe = (name: string, layer: object[], ...tags: string[]) =>
  ImageRecipeSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'ImageRecipe',
    name,
    images: tags.map((tag) => ({
      reference: `cpiab.dev/${name}:${tag}`,
      title: name,
      version: { debian: name },
    })),
    layers: [layer],
    config: {},
  });

const placement = placementOf(
  [program('kube', 'kube'), program('containerd', 'containerd', 'ctr'), program('tool', 'tool')],
  ['containerd'],
  [
    recipe('control', [{ go: 'kube', to: '/usr/bin/kube' }], '1', '2'),
    recipe(
      'debug',
      [
        { go: 'ctr', to: '/usr/bin/ctr' },
        { debian: 'busybox', take: ['/bin/*'] },
      ],
      '3',
    ),
    recipe('login', [{ node: '/usr/bin/node' }, { script: 'sso/main.ts', to: '/usr/bin/sso' }], '4'),
  ],
);

test('a program is in the images that a recipe puts one of its commands in, and on the box', () => {
  expect(placement.program('kube')).toEqual(['cpiab.dev/control:1', 'cpiab.dev/control:2']);
  expect(placement.program('containerd')).toEqual(['20-engine', 'cpiab.dev/debug:3']);
  expect(placement.program('tool')).toEqual([]);
});

test('Node and scripts are on the box and in the images that hold them', () => {
  expect(placement.node()).toEqual(['20-engine', 'cpiab.dev/login:4']);
  expect(placement.script('sso/main.ts')).toEqual(['cpiab.dev/login:4']);
  expect(placement.script('agent/main.ts')).toEqual(['30-agent']);
});

test("a set is in the box's system or in the images of its recipe", () => {
  expect(placement.set('os')).toEqual(['10-os']);
  expect(placement.set('image/debug')).toEqual(['cpiab.dev/debug:3']);
});
