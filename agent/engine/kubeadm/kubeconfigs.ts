import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { persisted } from '../../../contract/layout.ts';
import { writeAtomic } from '../../../host/files.ts';

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;
const RENEW_BEFORE_MS = 90 * DAY_MS;
const CA = join(persisted.kubernetes, 'pki', 'ca');
export const kubeletKubeconfig = join(persisted.kubernetes, 'kubelet.conf');
/** kubelet renews its certificate itself, and keeps this link on the newest. */
export const kubeletCertificate = join(persisted.kubelet, 'pki', 'kubelet-client-current.pem');

interface Kubeconfig {
  users: { name: string; user: Record<string, string> }[];
}

/** kube-proxy's identity; the API server knows the user by a role binding of its own. */
export const kubeProxyKubeconfig = join(persisted.kubernetes, 'kube-proxy.conf');

/**
 * Writes kube-proxy's kubeconfig when there is none, or its certificate ends within 90 days.
 * @param server such as `https://10.44.0.1:6443`.
 */
export async function writeKubeProxyKubeconfig(server: string, nowMs: number): Promise<void> {
  if (nowMs < (await endsMs(kubeProxyKubeconfig)) - RENEW_BEFORE_MS) return;
  const authority = {
    certificate: await readFile(`${CA}.crt`, 'utf8'),
    key: await readFile(`${CA}.key`, 'utf8'),
  };
  // Loading the library takes seconds in an emulated box.
  const { clientCertificate } = await import('./client-certificate.ts');
  const { key, certificate } = await clientCertificate(authority, 'system:kube-proxy', nowMs, VALID_MS);
  const text = stringify(
    kubeconfig(server, authority.certificate, 'system:kube-proxy', { key, certificate }),
  );
  await writeAtomic(kubeProxyKubeconfig, text, { mode: 0o600 });
}

/** When the certificate in a kubeconfig ends, in milliseconds since 1970; 0 when there is none. */
async function endsMs(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const { users } = parse(await readFile(path, 'utf8')) as Kubeconfig;
  const data = users[0]?.user['client-certificate-data'] ?? '';
  return new X509Certificate(Buffer.from(data, 'base64')).validToDate.getTime();
}

/** Source: client.authentication kubeconfig v1. PEM in, base64 of it in the document. */
function kubeconfig(
  server: string,
  ca: string,
  user: string,
  pair: { key: string; certificate: string },
): object {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const name = 'cpiab';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(pair.certificate),
          'client-key-data': base64(pair.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
}

/**
 * Makes kubelet start with the certificate that it renews, not with the one that kubeadm put into its
 * kubeconfig. To be called while kubelet is not running.
 */
export async function useRenewedKubeletCertificate(): Promise<void> {
  if (!existsSync(kubeletCertificate)) return;
  const config = parse(await readFile(kubeletKubeconfig, 'utf8')) as Kubeconfig;
  const renewed = { 'client-certificate': kubeletCertificate, 'client-key': kubeletCertificate };
  if (config.users.every(({ user }) => user['client-certificate'] === kubeletCertificate)) return;
  config.users = config.users.map(({ name }) => ({ name, user: renewed }));
  await writeAtomic(kubeletKubeconfig, stringify(config), { mode: 0o600 });
}
