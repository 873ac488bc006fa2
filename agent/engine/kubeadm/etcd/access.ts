import { join } from 'node:path';
import { persisted } from '../../../../contract/layout.ts';
import { type RunResult, run } from '../../../../host/process.ts';

/** How to reach etcd as a client. */
export interface EtcdAccess {
  /** Addresses of members, such as `https://10.44.0.1:2379`. */
  endpoints: readonly string[];
  /** PEM files. */
  ca: string;
  certificate: string;
  key: string;
}

/** With the certificate that kubeadm makes for the API server. @param kubernetes its directory. */
export function etcdAccess(
  endpoints: readonly string[],
  kubernetes: string = persisted.kubernetes,
): EtcdAccess {
  const pki = join(kubernetes, 'pki');
  return {
    endpoints,
    ca: join(pki, 'etcd', 'ca.crt'),
    certificate: join(pki, 'apiserver-etcd-client.crt'),
    key: join(pki, 'apiserver-etcd-client.key'),
  };
}

/** Runs etcdctl. @throws ProcessError with what it said. */
export async function etcdctl(
  access: EtcdAccess,
  args: readonly string[],
  signal: AbortSignal,
): Promise<RunResult> {
  const { endpoints, ca, certificate, key } = access;
  const tls = ['--cacert', ca, '--cert', certificate, '--key', key];
  return await run(['etcdctl', '--endpoints', endpoints.join(','), ...tls, ...args], { signal });
}
