import { randomUUID } from 'node:crypto';
import { printableNames } from '../openssl.ts';
import type { JoinLab, Worker } from './lab.ts';

/** What somebody asks for who has a token; what is not told is as kubelet of the named node asks for it. */
export interface Asked {
  /** Of the node. */
  name: string;
  group?: string;
  signer?: string;
  usages?: readonly string[];
  /** File name of a key; a new one unless told. */
  key?: string;
  /** Further arguments of `openssl req`. */
  more?: readonly string[];
}

/** What became of a request. */
export interface Answered {
  conditions: { type: string; reason: string; message: string }[];
  certificate?: string;
}

const KEY = '[ -e "$1" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$1"';
/** Asks the API server for kubelet's certificate as a machine with a token may. @returns name of the request. */
export async function askKubelet({ machine }: Worker, token: string, asked: Asked): Promise<string> {
  const { name, group = 'system:nodes', key = randomUUID(), more = [] } = asked;
  const file = `/run/${key}.pem`;
  await machine.run(['sh', '-c', KEY, 'sh', file]);
  await machine.run(['tee', '/run/req.cnf'], { input: printableNames });
  const subject = ['-subj', `/O=${group}/CN=system:node:${name}`];
  const openssl = ['openssl', 'req', '-new', '-sha256', '-config', '/run/req.cnf', '-key', file];
  const { stdout } = await machine.run([...openssl, ...subject, ...more]);
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: `asked-${randomUUID()}` },
    spec: {
      request: Buffer.from(stdout).toString('base64'),
      signerName: asked.signer ?? 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: asked.usages ?? ['digital signature', 'client auth'],
    },
  };
  const server = ['--server', 'https://10.44.0.1:6443', '--insecure-skip-tls-verify', '--token', token];
  const create = ['kubectl', '--kubeconfig', '/dev/null', ...server, 'create', '--filename', '-'];
  await machine.run(create, { input: JSON.stringify(object) });
  return object.metadata.name;
}

export async function requestNamed(lab: JoinLab, name: string): Promise<Answered> {
  const { status } = JSON.parse(await lab.kubectl('get', 'csr', name, '--output', 'json'));
  return { ...status, conditions: status.conditions ?? [] };
}
