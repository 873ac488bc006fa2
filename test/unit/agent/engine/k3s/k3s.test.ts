import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  firstServer,
  joiningNode,
  type K3sConfig,
  registries,
} from '../../../../../agent/engine/k3s/config.ts';
import { ensureAgentToken, k3sFiles, writeK3sFiles } from '../../../../../agent/engine/k3s/files.ts';
import { listedImages } from '../../../../../agent/engine/k3s/images.ts';
import {
  requireWhole,
  resetCommand,
  saveCommand,
  unpackK3sSnapshot,
} from '../../../../../agent/engine/k3s/state.ts';
import { createTokenCommand, secureToken } from '../../../../../agent/engine/k3s/tokens.ts';
import { type JoinMaterial, JoinMaterialSchema } from '../../../../../contract/join-material.ts';
import { SiteSchema } from '../../../../../contract/site.ts';
import { freshDirectory } from '../../../../support/fresh-directory.ts';
import { type KeyType, k3sCommands, k3sComponents, k3sKeys } from '../../../../support/k3s-keys.ts';
import { refusal } from '../../../../support/refusal.ts';

const path = freshDirectory();
const { network } = SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' });
const self = {
  name: 'box',
  role: 'control-plane' as const,
  joins: false,
  address: '10.44.0.1',
  highlyAvailable: true,
};
const authority = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const hash = createHash('sha256').update(authority).digest('hex');

const material = (role: JoinMaterial['role'], token: string): JoinMaterial =>
  JoinMaterialSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'JoinMaterial',
    engine: 'k3s',
    role,
    node: 'other',
    servers: ['10.44.0.1'],
    token,
  });
const join = {
  server: material('control-plane', `K10${hash}::server:0123456789abcdef`),
  agent: material('agent', `K10${hash}::abcdef.0123456789abcdef`),
};
const configs: [string, 'server' | 'agent', K3sConfig][] = [
  ['the first server', 'server', firstServer(network, self)],
  ['a joining server', 'server', joiningNode(network, self, join.server)],
  ['an agent', 'agent', joiningNode(network, self, join.agent)],
];

const fits: { [Type in KeyType]: (value: unknown) => boolean } = {
  text: (value) => typeof value === 'string' && value !== '',
  texts: (value) => Array.isArray(value) && value.length > 0 && value.every(fits.text),
  switch: (value) => typeof value === 'boolean',
  number: Number.isInteger,
};

describe.each(configs)('config.yaml of %s', (_, role, config) => {
  test.each(Object.entries(config))('%s is a documented key, and takes %j', (key, value) => {
    const type = k3sKeys[role][key];
    expect(type).toBeDefined();
    expect(fits[type as KeyType](value)).toBe(true);
  });

  test('asks nothing outside', () => {
    expect(config['disable-default-registry-endpoint']).toBe(true);
  });

  test('comes out of YAML as it went in, in files whose modes keep tokens to root', async () => {
    const files = k3sFiles(role, config, registries([]));
    await writeK3sFiles(files, path());
    expect(parse(await readFile(path('/etc/rancher/k3s/config.yaml'), 'utf8'))).toEqual(config);
    const modes = Object.keys(files).map(async (name) => [name, (await stat(path(name))).mode & 0o777]);
    expect(Object.fromEntries(await Promise.all(modes))).toEqual({
      '/etc/rancher/k3s/config.yaml': 0o600,
      '/etc/rancher/k3s/registries.yaml': 0o600,
      '/var/lib/rancher/cpiab/resolv.conf': 0o644,
      [`/run/systemd/system/${role === 'server' ? 'k3s' : 'k3s-agent'}.service`]: 0o644,
    });
  });
});

describe('a server', () => {
  test('begins etcd once, and joins it else', () => {
    const [[, , first], [, , second], [, , agent]] = configs as [
      [string, string, K3sConfig],
      [string, string, K3sConfig],
      [string, string, K3sConfig],
    ];
    expect([first['cluster-init'], first['server'], first['token']]).toEqual([true, undefined, undefined]);
    expect([second['cluster-init'], second['server'], second['token']]).toEqual([
      undefined,
      'https://10.44.0.1:6443',
      join.server.token,
    ]);
    expect([agent['server'], agent['token']]).toEqual(['https://10.44.0.1:6443', join.agent.token]);
  });

  test('encrypts Secrets, and leaves out what Git brings', () => {
    const config = firstServer(network, self);
    expect(config).toMatchObject({ 'secrets-encryption': true, disable: ['traefik', 'servicelb'] });
    for (const component of config['disable'] as string[]) expect(k3sComponents).toContain(component);
  });

  test("has the site's networks, and the tenth address of services for DNS", () => {
    const config = firstServer({ ...network, serviceCIDR: '10.7.255.252/16' }, self);
    expect([config['cluster-dns'], firstServer(network, self)['cluster-dns']]).toEqual([
      '10.8.0.6',
      '10.43.0.10',
    ]);
    expect(config).toMatchObject({ 'cluster-cidr': '10.42.0.0/16', 'service-cidr': '10.7.255.252/16' });
  });

  test('gives agents a token that is not its own, made once', async () => {
    await ensureAgentToken(path('token'));
    const token = await readFile(path('token'), 'utf8');
    await ensureAgentToken(path('token'));
    expect(await readFile(path('token'), 'utf8')).toBe(token);
    expect(token).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await stat(path('token'))).mode & 0o777).toBe(0o600);
    expect(firstServer(network, self)).not.toHaveProperty('token');
  });
});

test('every registry of the bundle is mirrored under its full name, and any other leads nowhere', () => {
  const images = [
    'docker.io/rancher/mirrored-pause:3.6',
    'ghcr.io/a/b@sha256:0',
    'docker.io/rancher/klipper-helm:v0',
  ];
  expect(registries(images)).toEqual({
    mirrors: {
      '*': { endpoint: ['http://127.0.0.1:5000'] },
      'docker.io': { endpoint: ['http://127.0.0.1:5000'], rewrite: { '^(.*)$': 'docker.io/$1' } },
      'ghcr.io': { endpoint: ['http://127.0.0.1:5000'], rewrite: { '^(.*)$': 'ghcr.io/$1' } },
    },
  });
});

describe('a unit', () => {
  test.each(['server', 'agent'] as const)(
    'starts k3s %s, and leaves pods alone when that restarts',
    (role) => {
      const unit = k3sFiles(role, firstServer(network, self), {})[
        `/run/systemd/system/${role === 'server' ? 'k3s' : 'k3s-agent'}.service`
      ];
      const lines = unit?.text.split('\n') ?? [];
      for (const line of [
        `ExecStart=/usr/local/bin/k3s ${role}`,
        'KillMode=process',
        'Delegate=yes',
        'Restart=always',
      ])
        expect(lines).toContain(line);
    },
  );
});

describe('a command', () => {
  const commands: [string, string[]][] = [
    ['token create', createTokenCommand('node', 600_000)],
    ['etcd-snapshot save', saveCommand('/backup')],
    ['server', resetCommand('/backup/one.db')],
  ];
  test.each(commands)('k3s %s has documented flags only', (name, argv) => {
    expect(argv.slice(0, 1 + name.split(' ').length)).toEqual(['/usr/local/bin/k3s', ...name.split(' ')]);
    const flags = argv.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
    expect(flags.length).toBeGreaterThan(0);
    expect(flags.filter((flag) => !k3sCommands[name]?.includes(flag ?? ''))).toEqual([]);
  });

  test('a token ends after ten minutes', () => {
    expect(createTokenCommand('node', 600_000).join(' ')).toContain('--ttl 600s --usages authentication');
  });
});

describe('a token', () => {
  test('has the hash of the authority in front, put there once', () => {
    expect(secureToken('abcdef.0123456789abcdef', authority)).toBe(join.agent.token);
    expect(secureToken(join.agent.token, authority)).toBe(join.agent.token);
  });

  test.each(['abcdef.0123456789abcdef', `K10${hash}:server:x`, `K11${hash}::server:x`, 'K10short::server:x'])(
    '%s is none of k3s',
    (token) => {
      expect(JoinMaterialSchema.safeParse({ ...join.agent, token }).success).toBe(false);
    },
  );
});

describe('a snapshot', () => {
  const pages = Buffer.alloc(1024, 'page');
  const whole = Buffer.concat([pages, createHash('sha256').update(pages).digest()]);

  test('is kept when it is whole', async () => {
    await writeFile(path('whole'), whole);
    await unpackK3sSnapshot(path('whole'), path('kept'));
    expect(whole.equals(await readFile(path('kept')))).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['cut', whole.subarray(0, 1000)],
    ['changed', Buffer.concat([Buffer.from('q'), whole.subarray(1)])],
    ['empty', Buffer.alloc(0)],
    ['a hash alone', createHash('sha256').digest()],
  ])('that is %s is refused, and what is kept stays', async (_, bytes) => {
    await writeFile(path('whole'), whole);
    await unpackK3sSnapshot(path('whole'), path('kept'));
    await writeFile(path('bad'), bytes);
    expect((await refusal(requireWhole(path('bad')))).code).toBe('E5111');
    expect((await refusal(unpackK3sSnapshot(path('bad'), path('kept')))).code).toBe('E5111');
    expect(whole.equals(await readFile(path('kept')))).toBe(true);
  });
});

test("the images it needs are the release's own list", () => {
  expect(listedImages('docker.io/rancher/a:1\r\n\ndocker.io/rancher/b:2\n')).toEqual([
    'docker.io/rancher/a:1',
    'docker.io/rancher/b:2',
  ]);
});
