import { describe, expect, test } from 'vitest';
import { probeNames } from '../../../contract/discover-policy.ts';
import { GitPolicySchema } from '../../../contract/git-policy.ts';
import { pullTarget } from '../../../contract/git-pull.ts';
import { bundleSetsOf, mediaOf, SiteSchema } from '../../../contract/site.ts';

const least = { apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab', engine: { version: 'v1.36.3' } };

test('a site needs only its name and the version of Kubernetes', () => {
  expect(SiteSchema.parse(least)).toEqual({
    ...least,
    supply: 'source',
    engine: { kind: 'kubeadm', version: 'v1.36.3', highAvailability: false },
    network: {
      nodeAddress: '10.44.0.1',
      podCIDR: '10.42.0.0/16',
      serviceCIDR: '10.43.0.0/16',
      podNetwork: 'vxlan',
      domain: 'box.home.arpa',
      egress: [],
      nameservers: [],
    },
    bundle: { validDays: 365 },
    registries: {},
    rehearsal: false,
    servers: {},
    disk: { dataMiB: 2048, encrypt: 'none' },
    discover: {
      mode: 'passive',
      announce: false,
      everySeconds: 300,
      sweep: { perSecond: 1000, most: 1024 },
      probe: [...probeNames],
      propose: [],
    },
    enroll: { autoApprove: [] },
    nodes: { pools: [] },
    registry: { read: 'anyone' },
    git: { read: 'anyone', signed: 'none', allowedSigners: [] },
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

describe('a repository that the box pulls from', () => {
  const signer = 'alice@example.org ssh-ed25519 AAAA';
  const parse = (pull: object, more: object = { signed: 'ssh', allowedSigners: [signer] }) =>
    GitPolicySchema.safeParse({ ...more, pull });
  const wrong = (pull: object, more?: object) =>
    parse(pull, more).error?.issues.map(({ path, message }) => [path.join('.'), message]);

  test('is a branch at an address', () => {
    const url = 'https://git.example.org/team/site.git';
    const pull = parse({ url, address: '192.0.2.10' }).data?.pull;
    expect(pull).toEqual({ url, address: '192.0.2.10', branch: 'main', everyMinutes: 15 });
    expect(pull && pullTarget(pull)).toEqual({ address: '192.0.2.10', port: 443 });
    const six = parse({ url: 'https://[2001:db8::9]:8443/site.git' }).data?.pull;
    expect(six && pullTarget(six)).toEqual({ address: '2001:db8::9', port: 8443 });
  });

  test.each([
    [{ url: 'http://192.0.2.10/site.git' }, 'pull.url', /https/],
    [{ url: 'https://me:secret@192.0.2.10/site.git' }, 'pull.url', /without login/],
    [{ url: 'https://git.example.org/site.git' }, 'pull.address', /no name server/],
    [{ url: 'https://192.0.2.10/site.git', branch: '../main' }, 'pull.branch', /name of a branch/],
    [{ url: 'https://192.0.2.10/site.git', branch: '--upload-pack=x' }, 'pull.branch', /name of a branch/],
    [{ url: 'https://192.0.2.10/site.git', ca: 'trust me' }, 'pull.ca', /PEM/],
  ])('%j is refused', (pull, path, why) => {
    expect(wrong(pull)).toEqual([[path, expect.stringMatching(why)]]);
  });

  test('needs signatures of people', () => {
    const url = 'https://192.0.2.10/site.git';
    for (const more of [{}, { signed: 'any' }])
      expect(wrong({ url }, more)).toEqual([['signed', expect.stringContaining('who signed it')]]);
  });
});
