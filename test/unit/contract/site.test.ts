import { expect, test } from 'vitest';
import { bundleSetsOf, mediaOf, SiteSchema } from '../../../contract/site.ts';

const least = { apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab', engine: { version: 'v1.36.3' } };

test('a site needs only its name and the version of Kubernetes', () => {
  expect(SiteSchema.parse(least)).toEqual({
    ...least,
    supply: 'source',
    engine: { kind: 'kubeadm', version: 'v1.36.3' },
    network: { nodeAddress: '10.44.0.1', podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' },
    bundle: { validDays: 365 },
    registries: {},
    servers: {},
    disk: { dataMiB: 2048 },
    git: { signed: 'none', allowedSigners: [] },
    install: { mode: 'never', disk: {} },
    update: { tries: 3, gate: { minutes: 30, requires: ['agent', 'engine', 'flux'] } },
    debian: { suite: 'trixie' },
  });
});

test.each([
  ['kubeadm', 'v1.36.3', ['core'], ['iso', 'tarball']],
  ['k3s', 'v1.36.3+k3s1', [], ['tarball']],
])(
  'with engine %s a site has, unless it says otherwise, sets and media that can be made',
  (kind, version, sets, media) => {
    const site = SiteSchema.parse({ ...least, engine: { kind, version } });
    expect([bundleSetsOf(site), mediaOf(site)]).toEqual([sets, media]);
  },
);

test.each([
  [{ podCIDR: '10.43.128.0/17' }, 'serviceCIDR'],
  [{ serviceCIDR: '10.0.0.0/8' }, 'serviceCIDR'],
  [{ nodeAddress: '10.42.255.255' }, 'nodeAddress'],
  [{ nodeAddress: '10.43.0.0' }, 'nodeAddress'],
])('overlapping networks are refused: %o', (network, at) => {
  const result = SiteSchema.safeParse({ ...least, network });
  expect(result.error?.issues[0]?.path).toEqual(['network', at]);
});

test('networks that only touch are fine', () => {
  const network = { podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/24', nodeAddress: '10.43.1.0' };
  expect(SiteSchema.safeParse({ ...least, network }).success).toBe(true);
});

test.each(['../etc', 'Lab', 'a b', '', '-a', 'x'.repeat(32)])('%j is no name for a site', (name) => {
  expect(SiteSchema.safeParse({ ...least, name }).success).toBe(false);
});
