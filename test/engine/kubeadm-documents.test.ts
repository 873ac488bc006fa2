import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  authorityHash,
  readAuthorities,
  sharedFiles,
  writeAuthorities,
} from '../../agent/engine/kubeadm/authorities.ts';
import { type KubeadmInput, kubeadmDocuments } from '../../agent/engine/kubeadm/config.ts';
import { balancerConfig } from '../../agent/engine/kubeadm/endpoint.ts';
import { joinDocument } from '../../agent/engine/kubeadm/join.ts';
import { engineImages } from '../../contract/engine-images.ts';
import { JoinMaterialSchema } from '../../contract/join-material.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { type ProcessError, run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { kubePrograms } from '../support/kube-programs.ts';

const path = keptDirectory();
const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const bundled = [
  'registry.k8s.io/etcd:3.6.8-0',
  'registry.k8s.io/coredns/coredns:v1.14.7',
  'cpiab.dev/oci/pause:1',
];
const input = (highlyAvailable: boolean): KubeadmInput => ({
  site,
  images: engineImages(bundled, site.engine.version),
  self: { name: 'box', role: 'control-plane' as const, joins: false, address: '10.44.0.1', highlyAvailable },
  containerdSocket: '/run/containerd/containerd.sock',
  resolvConf: '/run/cpiab/resolv.conf',
  staticPods: '/run/cpiab/static-pods',
  patches: '/run/cpiab/kubeadm-patches',
});
const material = (role: 'control-plane' | 'agent') =>
  JoinMaterialSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'JoinMaterial',
    engine: 'kubeadm',
    role,
    node: 'box',
    servers: ['10.44.0.1'],
    token: 'abcdef.0123456789abcdef',
    caHash: `sha256:${'0'.repeat(64)}`,
  });

beforeAll(() => kubePrograms(path('bin')));

async function validate(documents: object[]): Promise<string> {
  await writeFile(path('config.yaml'), documents.map((document) => `---\n${stringify(document)}`).join(''));
  const validated = run(['kubeadm', 'config', 'validate', '--config', path('config.yaml')]);
  return await validated.then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: ProcessError) => stderr,
  );
}

describe('kubeadm itself finds valid', () => {
  test.each([
    ['one server', false],
    ['several', true],
  ] as const)('what makes a cluster of %s', async (_, highlyAvailable) => {
    expect(await validate(kubeadmDocuments(input(highlyAvailable)))).toBe('ok');
  });

  test.each(['control-plane', 'agent'] as const)('what joins as %s', async (role) => {
    expect(await validate([joinDocument(input(true), material(role))])).toBe('ok');
  });

  test('nothing with a field that it does not have', async () => {
    expect(await validate([{ ...joinDocument(input(true), material('agent')), controlplane: {} }])).toContain(
      'unknown field "controlplane"',
    );
  });
});

test("what servers share is all that kubeadm does not make for each; the hash is kubeadm's own", async () => {
  const config = kubeadmDocuments(input(true)).map((document) =>
    'networking' in document ? { ...document, certificatesDir: path('pki') } : document,
  );
  await writeFile(path('certs.yaml'), config.map((document) => `---\n${stringify(document)}`).join(''));
  await run(['kubeadm', 'init', 'phase', 'certs', 'all', '--config', path('certs.yaml')]);
  const shared = await readAuthorities(path('pki'));
  expect(Object.keys(shared)).toEqual([...sharedFiles]);
  await mkdir(path('other'));
  await writeAuthorities(path('other'), { ...shared, '../../outside': 'nobody asked for it' });
  expect(await readAuthorities(path('other'))).toEqual(shared);
  const der = await run([
    'sh',
    '-c',
    `openssl x509 -in ${path('pki', 'ca.crt')} -pubkey -noout | openssl pkey -pubin -outform der | sha256sum`,
  ]);
  expect(await authorityHash(path('pki'))).toBe(`sha256:${der.stdout.split(' ')[0]}`);
  expect(await readFile(path('pki', 'ca.key'), 'utf8')).toBe(shared['ca.key']);
});

test('HAProxy finds what an agent balances with valid, for one server and for five', async () => {
  for (const servers of [1, 5]) {
    const addresses = Array.from({ length: servers }, (_, index) => `10.44.0.${index + 1}`);
    await writeFile(path('haproxy.cfg'), balancerConfig(addresses));
    // It says nothing about what is well; warnings end it with 0 too.
    expect(await run(['haproxy', '-c', '-q', '-f', path('haproxy.cfg')])).toMatchObject({ stderr: '' });
  }
});
