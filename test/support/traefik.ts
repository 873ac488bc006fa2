import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ServerAuthority } from '../../agent/pki/server-authority.ts';
import { certifyRoutes } from '../../agent/routes/keep.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { substituted } from '../../policy/world/substitute.ts';
import { startTestApi, type TestApi } from './api.ts';
import { programFiles } from './kube-programs.ts';
import { KubeApi } from './svid/kube-api.ts';

const kubernetes = join(import.meta.dirname, '../../cluster/kubernetes');
const never = new AbortController().signal;

/** The objects of a file below `cluster/kubernetes`. */
export const objectsOf = async (path: string) =>
  parseAllDocuments(
    substituted(await readFile(join(kubernetes, path), 'utf8'), { DOMAIN: 'box.home.arpa' }),
  ).map((document) => document.toJS());

export interface Told {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** The compiled Traefik, as its Deployment starts it, at a real API server, with routes that a box certifies. */
export class TestTraefik {
  readonly #api = new KubeApi();
  #box: TestApi | undefined;
  #traefik: ChildProcess | undefined;
  /** An address of this machine: the API server takes no loopback address for an endpoint. */
  readonly address = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  ports = { web: 0, secure: 0, admin: 0 };
  /** What browsers are to trust, PEM. */
  root = '';

  async open(): Promise<void> {
    await this.#api.open();
    await programFiles('traefik', join(this.#api.directory, 'traefik'));
    const [ingressClass] = await objectsOf('platform/traefik/ingress-class.yaml');
    await this.#api.client.create('/apis/networking.k8s.io/v1/ingressclasses', ingressClass);
  }

  /**
   * Declares an app's own Ingress and Service, with an endpoint of this machine.
   * @param port where the Service leads.
   */
  async declare(folder: string, annotations: Record<string, string>, port: number): Promise<void> {
    const [ingress] = await objectsOf(`${folder}/ingress.yaml`);
    const [service] = await objectsOf(`${folder}/service.yaml`);
    const { namespace } = ingress.metadata;
    await this.#api.namespace(namespace, []);
    const annotated = { ...ingress, metadata: { ...ingress.metadata, annotations } };
    await this.#api.client.create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, annotated);
    await this.#api.client.create(`/api/v1/namespaces/${namespace}/services`, service);
    await this.#api.client.create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      metadata: {
        name: `${service.metadata.name}-1`,
        labels: { 'kubernetes.io/service-name': service.metadata.name },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [this.address], conditions: { ready: true } }],
      ports: service.spec.ports.map(({ name }: { name: string }) => ({ name, port, protocol: 'TCP' })),
    });
  }

  /** Certifies what is declared, and starts it with further arguments, at ports of this machine. */
  async start(...further: string[]): Promise<void> {
    this.#box = await startTestApi(() => undefined);
    const { board, audit } = this.#box;
    const authority = board.get('authority');
    const servers = new ServerAuthority(board.paths.pki, authority, 'box.home.arpa', Date.now);
    await certifyRoutes({ kube: this.#api.client, servers, audit, wall: Date.now }, never);
    this.root = await authority.rootCertificate();
    this.ports = { web: await freePort(), secure: await freePort(), admin: await freePort() };
    const [deployment] = await objectsOf('platform/traefik/deployment.yaml');
    const { args } = deployment.spec.template.spec.containers[0] as { args: string[] };
    const { web, secure, admin } = this.ports;
    const at: Record<string, number> = { ':8000': web, ':8443': secure, ':8080': admin };
    const own = args.map((text) => text.replace(/:(?:8000|8443|8080)$/, (port) => `127.0.0.1:${at[port]}`));
    this.#traefik = spawn(join(this.#api.directory, 'traefik', 'traefik'), [...own, ...further], {
      stdio: 'ignore',
      env: { KUBECONFIG: this.#api.kubeconfig },
    });
  }

  /** Asks by HTTPS, trusting the box's root alone. */
  ask(host: string, path: string, headers: Record<string, string> = {}): Promise<Told> {
    const at = { host: '127.0.0.1', port: this.ports.secure, path, servername: host, ca: this.root };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...at, headers: { ...headers, host } }, async (incoming) => {
        const text = (await incoming.toArray()).join('');
        resolve({ status: incoming.statusCode, headers: incoming.headers, text });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  async close(): Promise<void> {
    if (this.#traefik !== undefined) {
      const ended = once(this.#traefik, 'exit');
      this.#traefik.kill();
      await ended;
    }
    await this.#box?.close();
    await this.#api.close();
  }
}
