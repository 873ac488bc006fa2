import { expect, test } from 'vitest';
import { compare } from '../../../../builder/close/compare.ts';
import { parseBoxSite } from '../../../../contract/site.ts';

test('a box without the programs that it runs is found out', () => {
  const site = parseBoxSite({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'lab',
    engine: { version: 'v1.36.3' },
  });
  const none = new Map();
  const found = compare({
    site,
    carried: { images: none, charts: none, repositories: [], programs: ['containerd'], apps: [] },
    needs: { images: none, addresses: [], charts: none, repositories: none, unknown: [] },
    folders: new Set(),
    incomplete: false,
    isOptional: () => false,
    place: ({ file }) => file,
  });
  const programs = found.filter(({ code }) => code === 'E2211').map(({ message }) => message);
  expect(programs).toEqual([
    'the box runs attach, but no bundle set of the site has it',
    'the box runs registry, but no bundle set of the site has it',
    'the box runs pod-network, but no bundle set of the site has it',
  ]);
});
