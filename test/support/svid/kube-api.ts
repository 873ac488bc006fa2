import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientCertificate } from '../../../agent/engine/kubeadm/client-certificate.ts';
import { KubeClient } from '../../../agent/kube/client.ts';
import { until } from '../../../agent/until.ts';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { kubePrograms } from '../kube-programs.ts';
import { printableNames } from '../openssl.ts';
import { removeTree } from '../remove-tree.ts';

/** A pod as the API server has it; no kubelet runs it. */
export interface TestPod {
  namespace: string;
  account: string;
  name: string;
  uid: string;
}

/** etcd and a real API server on ports of the loopback address, and who asks for tokens there. */
export class KubeApi {
  client!: KubeClient;
  /** PEM file of the key that it signs tokens with. */
  signingKey = '';
  /** Gone when it is closed. */
  directory = '';
  /** Path of a file by which programs reach it as an administrator. */
  kubeconfig = '';
  /** Where etcd listens. */
  etcd = '';
  readonly #children: ChildProcess[] = [];

  /** @param authorization who may do what: anybody everything, or by RBAC, where `client` is an administrator. */
  async open(authorization: 'AlwaysAllow' | 'RBAC' = 'AlwaysAllow'): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'cpiab-kube-api-'));
    const at = (name: string) => join(this.directory, name);
    await kubePrograms(at('bin'));
    this.signingKey = at('accounts.key');
    await run(['openssl', 'genrsa', '-out', this.signingKey, '2048']);
    for (const name of ['ca', 'server']) await selfSigned(at(`${name}.key`), at(`${name}.crt`));
    const [etcd, peer, api] = [await freePort(), await freePort(), await freePort()];
    this.etcd = `http://127.0.0.1:${etcd}`;
    this.#start(etcdCommand(at('etcd'), etcd, peer));
    const flags = {
      'etcd-servers': this.etcd,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(api),
      'tls-cert-file': at('server.crt'),
      'tls-private-key-file': at('server.key'),
      'client-ca-file': at('ca.crt'),
      'authorization-mode': authorization,
      'disable-admission-plugins': 'ServiceAccount',
      'service-cluster-ip-range': '10.43.0.0/16',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': this.signingKey,
      'service-account-signing-key-file': this.signingKey,
    };
    this.#start(['kube-apiserver', ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)]);
    const text = async (name: string) => await readFile(at(name), 'utf8');
    const ca = { certificate: await text('ca.crt'), key: await text('ca.key') };
    const pair = await clientCertificate(ca, 'agent', Date.now(), 3_600_000);
    if (authorization === 'RBAC') Object.assign(pair, await administrator(this.directory));
    const server = new URL(`https://127.0.0.1:${api}`);
    this.client = new KubeClient({ server, ca: await text('server.crt'), ...pair });
    this.kubeconfig = at('kubeconfig');
    await writeFile(this.kubeconfig, kubeconfigOf(server, await text('server.crt'), pair));
    const isReady = () =>
      this.client.text('/readyz').then(
        (said) => said === 'ok',
        () => false,
      );
    await until(isReady, AbortSignal.timeout(120_000));
  }

  /** A namespace with its service accounts. */
  async namespace(name: string, accounts: readonly string[], labels: Record<string, string> = {}) {
    await this.client.create('/api/v1/namespaces', { metadata: { name, labels } });
    for (const account of accounts)
      await this.client.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: account } });
  }

  async pod(namespace: string, account: string, name = `${account}-1`): Promise<TestPod> {
    const containers = [{ name: 'main', image: 'example.test/main:1' }];
    const pod = { metadata: { name }, spec: { serviceAccountName: account, containers } };
    const { metadata } = await this.client.create<{ metadata: { uid: string } }>(
      `/api/v1/namespaces/${namespace}/pods`,
      pod,
    );
    return { namespace, account, name, uid: metadata.uid };
  }

  /** What kubelet mounts into a pod. @param bound whether it ends with the pod. */
  async token({ namespace, account, name, uid }: TestPod, audience: string, bound = true): Promise<string> {
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name, uid };
    const spec = { audiences: [audience], expirationSeconds: 3600, ...(bound ? { boundObjectRef } : {}) };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const { status } = await this.client.create<{ status: { token: string } }>(path, { spec });
    return status.token;
  }

  /** Stops etcd and lets it go on. */
  signalStore(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#children[0]?.kill(signal);
  }

  async close(): Promise<void> {
    this.client?.close();
    for (const child of this.#children) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await removeTree(this.directory);
  }

  #start([program = '', ...args]: readonly string[]): void {
    this.#children.push(spawn(program, args, { stdio: 'ignore' }));
  }
}

/** Source: Kubernetes, kubeconfig v1. */
function kubeconfigOf(server: URL, ca: string, { certificate, key }: { certificate: string; key: string }) {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const cluster = { server: server.href, 'certificate-authority-data': base64(ca) };
  const user = { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

function etcdCommand(directory: string, client: number, peer: number): string[] {
  const [clients, peers] = [client, peer].map((port) => `http://127.0.0.1:${port}`) as [string, string];
  return [
    ...['etcd', '--data-dir', directory, '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ...['--initial-cluster', `default=${peers}`],
  ];
}

async function selfSigned(key: string, certificate: string): Promise<void> {
  const config = `${key}.cnf`;
  await writeFile(config, printableNames);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const extensions = ['basicConstraints=critical,CA:TRUE', 'subjectAltName=IP:127.0.0.1'];
  const name = ['-config', config, '-subj', '/CN=test', ...extensions.flatMap((each) => ['-addext', each])];
  await run(['openssl', 'req', '-x509', ...curve, '-keyout', key, '-out', certificate, ...name]);
}

/** Of the group that every API server lets do everything. Source: Kubernetes, "Using RBAC Authorization". */
async function administrator(directory: string): Promise<{ key: string; certificate: string }> {
  const at = (name: string) => join(directory, name);
  const of = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-subj', '/O=system:masters/CN=agent'];
  const config = [
    '-config',
    at('ca.key.cnf'),
    '-addext',
    'extendedKeyUsage=clientAuth',
    '-nodes',
    '-days',
    '1',
  ];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', at('admin.key')];
  await run(['openssl', 'req', '-x509', ...of, ...config, ...key, '-out', at('admin.crt')]);
  const text = async (name: string) => await readFile(at(name), 'utf8');
  return { key: await text('admin.key'), certificate: await text('admin.crt') };
}
