import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerAuthority } from '../../agent/pki/server-authority.ts';
import { certifyRoutes } from '../../agent/routes/keep.ts';
import { startBox } from '../support/enroll/box.ts';
import { KubeApi } from '../support/svid/kube-api.ts';

const DAY = 24 * 3_600_000;
const never = new AbortController().signal;
const api = new KubeApi();

beforeAll(async () => {
  await api.open();
  await api.client.create('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'traefik' },
    spec: { controller: 'traefik.io/ingress-controller' },
  });
}, 180_000);
afterAll(() => api.close());

/** A namespace with an Ingress for a host, and a box that looks at it. */
async function route(name: string, host: string, { label = true, ingressClassName = 'traefik' } = {}) {
  await api.namespace(name, []);
  await api.client.create(`/apis/networking.k8s.io/v1/namespaces/${name}/ingresses`, {
    metadata: { name, labels: label ? { 'cpiab.dev/certificate': 'box' } : {} },
    spec: {
      ingressClassName,
      tls: [{ hosts: [host], secretName: 'tls' }],
      defaultBackend: { service: { name, port: { number: 80 } } },
    },
  });
  const box = await startBox();
  const clock = { now: Date.now() };
  const wall = () => clock.now;
  const { board, audit } = box.api;
  const servers = new ServerAuthority(board.paths.pki, board.get('authority'), 'box.home.arpa', wall);
  const look = async () => await certifyRoutes({ kube: api.client, servers, audit, wall }, never);
  const path = `/api/v1/namespaces/${name}/secrets/tls`;
  const secret = async () => await api.client.get<Secret>(path).catch(() => null);
  const remove = async () => {
    await api.client.remove(`/apis/networking.k8s.io/v1/namespaces/${name}/ingresses/${name}`);
    await api.client.remove(path);
  };
  return { look, secret, clock, audit, path, remove };
}

interface Secret {
  type: string;
  data: Record<string, string>;
  metadata: { resourceVersion: string; ownerReferences?: { kind: string; name: string }[] };
}

const decoded = (secret: Secret | null, key: string) =>
  Buffer.from(secret?.data[key] ?? '', 'base64').toString('utf8');

test('an Ingress that asks gets its Secret, written once, and anew when half of its life is over', async () => {
  const { look, secret, clock, audit, remove } = await route('shop', 'shop.box.home.arpa');
  expect(await look()).toBeNull();
  const first = await secret();
  expect([first?.type, first?.metadata.ownerReferences?.[0]]).toMatchObject([
    'kubernetes.io/tls',
    { kind: 'Ingress', name: 'shop' },
  ]);
  const certificate = new X509Certificate(decoded(first, 'tls.crt'));
  expect(certificate.subjectAltName).toBe('DNS:shop.box.home.arpa');
  await look();
  expect((await secret())?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
  clock.now += 16 * DAY;
  await look();
  expect(new X509Certificate(decoded(await secret(), 'tls.crt')).serialNumber).not.toBe(
    certificate.serialNumber,
  );
  const { entries } = await audit.read(0);
  expect(entries.filter(({ subject }) => subject === 'route shop.box.home.arpa')).toHaveLength(2);
  await remove();
});

test('a host of another domain gets none, and a person is told', async () => {
  const { look, secret, remove } = await route('bank', 'www.bank.example');
  expect((await look())?.problem).toContain('Ingress bank/bank asks for a certificate of www.bank.example');
  expect(await secret()).toBeNull();
  await remove();
});

test('a Secret of somebody else stays as it is', async () => {
  const { look, secret, path, remove } = await route('own', 'own.box.home.arpa');
  const data = { 'tls.crt': 'bXk=', 'tls.key': 'b3du' };
  await api.client.create(path.replace(/\/tls$/, ''), {
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    data,
  });
  expect((await look())?.problem).toContain('which somebody else made');
  expect((await secret())?.data).toEqual(data);
  await remove();
});

test.each([
  ['without the label', { label: false }],
  ['of a class that nobody serves', { ingressClassName: 'other' }],
])('an Ingress %s asks for nothing', async (_, what) => {
  const name = 'label' in what ? 'plain' : 'idle';
  const { look, secret, remove } = await route(name, `${name}.box.home.arpa`, what);
  expect(await look()).toBeNull();
  expect(await secret()).toBeNull();
  await remove();
});
