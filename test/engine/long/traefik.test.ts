import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ServerAuthority } from '../../../agent/pki/server-authority.ts';
import { certifyRoutes } from '../../../agent/routes/keep.ts';
import { until } from '../../../agent/until.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { programFiles } from '../../support/kube-programs.ts';
import { KubeApi } from '../../support/svid/kube-api.ts';

const repository = join(import.meta.dirname, '../../..');
const kubernetes = join(repository, 'cluster/kubernetes');
const host = 'syncthing.box.home.arpa';
const never = new AbortController().signal;
const api = new KubeApi();
/** The API server takes no loopback address for an endpoint. */
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const app = createServer((incoming, outgoing) => outgoing.end(`app at ${incoming.url}`));
let traefik: ChildProcess | undefined;
let ports: { web: number; secure: number; admin: number };
let root: string;
let box: TestApi | undefined;

const objectsOf = async (path: string) =>
  parseAllDocuments(await readFile(join(kubernetes, path), 'utf8')).map((document) => document.toJS());

beforeAll(async () => {
  await api.open();
  await programFiles('traefik', join(api.directory, 'traefik'));
  await new Promise<void>((resolve) => app.listen(0, address, resolve));
  await declare((app.address() as AddressInfo).port);
  box = await startTestApi(() => undefined);
  const { board, audit } = box;
  const authority = board.get('authority');
  const servers = new ServerAuthority(board.paths.pki, authority, 'box.home.arpa', Date.now);
  await certifyRoutes({ kube: api.client, servers, audit, wall: Date.now }, never);
  root = await authority.rootCertificate();
  await start();
}, 240_000);

afterAll(async () => {
  if (traefik !== undefined) {
    const ended = once(traefik, 'exit');
    traefik.kill();
    await ended;
  }
  app.close();
  await box?.close();
  await api.close();
});

/** Syncthing's own Ingress and Service, with an endpoint of this test. */
async function declare(port: number): Promise<void> {
  await api.namespace('syncthing', []);
  const networking = '/apis/networking.k8s.io/v1';
  const [ingressClass] = await objectsOf('platform/traefik/ingress-class.yaml');
  await api.client.create(`${networking}/ingressclasses`, ingressClass);
  const [ingress] = await objectsOf('apps/syncthing/ingress.yaml');
  await api.client.create(`${networking}/namespaces/syncthing/ingresses`, ingress);
  const [service] = await objectsOf('apps/syncthing/service.yaml');
  await api.client.create('/api/v1/namespaces/syncthing/services', service);
  await api.client.create('/apis/discovery.k8s.io/v1/namespaces/syncthing/endpointslices', {
    metadata: { name: 'syncthing-1', labels: { 'kubernetes.io/service-name': 'syncthing' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  });
}

/** Traefik as its Deployment has it, at ports of this machine. */
async function start(): Promise<void> {
  ports = { web: await freePort(), secure: await freePort(), admin: await freePort() };
  const [deployment] = await objectsOf('platform/traefik/deployment.yaml');
  const { args } = deployment.spec.template.spec.containers[0] as { args: string[] };
  const at: Record<string, number> = { ':8000': ports.web, ':8443': ports.secure, ':8080': ports.admin };
  const own = args.map((text) => text.replace(/:(?:8000|8443|8080)$/, (port) => `127.0.0.1:${at[port]}`));
  traefik = spawn(join(api.directory, 'traefik', 'traefik'), own, {
    stdio: 'ignore',
    env: { KUBECONFIG: api.kubeconfig },
  });
  await until(async () => (await ask(host).catch(() => null))?.status === 200, AbortSignal.timeout(90_000));
}

function ask(name: string): Promise<{ status: number | undefined; text: string }> {
  const at = { host: '127.0.0.1', port: ports.secure, path: '/a', servername: name, ca: root };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...at, headers: { host: name } }, async (incoming) => {
      const text = (await incoming.toArray()).join('');
      resolve({ status: incoming.statusCode, text });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test("a client that trusts the box's root reaches the app by its route", async () => {
  expect(await ask(host)).toEqual({ status: 200, text: 'app at /a' });
});

test('a name that nobody has a route for is not certified', async () => {
  await expect(ask('other.box.home.arpa')).rejects.toThrow();
});

test('port 80 leads to port 443 of the same name', async () => {
  const { status, headers } = await fetch(`http://127.0.0.1:${ports.web}/a?b=c`, { redirect: 'manual' });
  expect([status, headers.get('location')]).toEqual([301, 'https://127.0.0.1/a?b=c']);
});

test('it is ready, and tells its metrics', async () => {
  const at = (path: string) => fetch(`http://127.0.0.1:${ports.admin}${path}`);
  expect((await at('/ping')).status).toBe(200);
  expect(await (await at('/metrics')).text()).toContain('traefik_config_reloads_total');
});
