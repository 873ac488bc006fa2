import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { podNetworkAccess } from '../../../agent/engine/kubeadm/pod-network.ts';
import { KubeError, type KubeObject } from '../../../agent/kube/client.ts';
import { objectPath } from '../../../agent/kube/path.ts';
import { until } from '../../../agent/until.ts';
import { run } from '../../../host/process.ts';
import type { Place } from './place.ts';

const ADMIN = 'admin';
const tokenOf = (node: string) => `token-of-${node}`;

/** etcd and a real API server, nothing else: no kubelet answers for the objects in it. */
export class ApiServer {
  readonly #place: Place;
  readonly #address: string;
  readonly #children: ChildProcess[] = [];

  constructor(place: Place, address: string) {
    this.#place = place;
    this.#address = address;
  }

  /** @param nodes whose identities it knows, as kubelets have them. */
  async open(directory: string, nodes: readonly string[]): Promise<void> {
    await mkdir(directory);
    const key = join(directory, 'accounts.key');
    await run(['openssl', 'genrsa', '-out', key, '2048']);
    const tokens = join(directory, 'tokens.csv');
    const lines = nodes.map((node) => `${tokenOf(node)},system:node:${node},${node},"system:nodes"`);
    await writeFile(tokens, [`${ADMIN},admin,admin,"system:masters"`, ...lines, ''].join('\n'));
    this.#start(['etcd', '--data-dir', join(directory, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error']);
    const flags = {
      'etcd-servers': 'http://127.0.0.1:2379',
      'cert-dir': join(directory, 'certs'),
      'advertise-address': this.#address,
      'token-auth-file': tokens,
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'disable-admission-plugins': 'ServiceAccount',
      'service-cluster-ip-range': '10.43.0.0/16',
      'service-account-issuer': 'https://example.test',
      'service-account-key-file': key,
      'service-account-signing-key-file': key,
    };
    this.#start(['kube-apiserver', ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)]);
    await until(
      async () => (await this.#call('GET', '/readyz', '', '')).text === 'ok',
      AbortSignal.timeout(120_000),
    );
    for (const object of podNetworkAccess) await this.apply(object);
  }

  /** @returns text of a kubeconfig of someone that the administrator stands in for, with a namespace of their own. */
  kubeconfigAs(as: string, namespace: string): string {
    const config = JSON.parse(this.kubeconfig('admin'));
    const [cluster, user] = ['cpiab', 'admin'];
    const users = [{ name: user, user: { token: ADMIN, as } }];
    return JSON.stringify({
      ...config,
      users,
      contexts: [{ name: 'cpiab', context: { cluster, user, namespace } }],
    });
  }

  /** @returns text of a kubeconfig with a node's identity. */
  kubeconfig(node: string): string {
    const cluster = { server: `https://${this.#address}:6443`, 'insecure-skip-tls-verify': true };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'cpiab', cluster }],
      users: [{ name: node, user: { token: tokenOf(node) } }],
      contexts: [{ name: 'cpiab', context: { cluster: 'cpiab', user: node } }],
      'current-context': 'cpiab',
    });
  }

  /** Creates an object, or makes it what is told. */
  async apply(object: KubeObject, path: string = objectPath(object)): Promise<void> {
    const query = '?fieldManager=test&force=true';
    await this.#done('PATCH', path + query, 'application/apply-patch+yaml', object);
  }

  /** Sets the status of an object, as controllers and kubelets do. */
  async tell(path: string, status: object): Promise<void> {
    await this.#done('PATCH', `${path}/status`, 'application/merge-patch+json', { status });
  }

  async merge(path: string, patch: object): Promise<void> {
    await this.#done('PATCH', path, 'application/merge-patch+json', patch);
  }

  async delete(path: string): Promise<void> {
    await this.#done('DELETE', path, 'application/json', { gracePeriodSeconds: 0 });
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse((await this.#done('GET', path, 'application/json', null)).text) as T;
  }

  async text(path: string): Promise<string> {
    return (await this.#done('GET', path, 'application/json', null)).text;
  }

  async create<T>(path: string, object: object): Promise<T> {
    return JSON.parse((await this.#done('POST', path, 'application/json', object)).text) as T;
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #start(argv: readonly string[]): void {
    const [program = '', ...args] = this.#place.inside(argv);
    this.#children.push(spawn(program, args, { stdio: 'ignore' }));
  }

  async #done(method: string, path: string, type: string, body: object | null) {
    const answer = await this.#call(method, path, type, body === null ? '' : JSON.stringify(body));
    if (answer.status >= 300 || answer.status === 0)
      throw new KubeError(answer.status, `${method} ${path}`, answer.text);
    return answer;
  }

  #call(method: string, path: string, type: string, body: string) {
    return this.#place.call({ method, url: `https://127.0.0.1:6443${path}`, token: ADMIN, type, body });
  }
}
