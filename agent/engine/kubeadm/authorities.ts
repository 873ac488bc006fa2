import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../../../host/files.ts';

/**
 * What all servers share: everything else they make for themselves. Source: kubeadm, "Manual certificate
 * distribution"; a Secret with an upload key would put the authorities' keys into the cluster itself.
 */
export const sharedFiles = [
  'ca.crt',
  'ca.key',
  'etcd/ca.crt',
  'etcd/ca.key',
  'front-proxy-ca.crt',
  'front-proxy-ca.key',
  'sa.key',
  'sa.pub',
] as const;

/** @param pki directory. @returns their text by name. */
export async function readAuthorities(pki: string): Promise<Record<string, string>> {
  const entries = sharedFiles.map(async (name) => [name, await readFile(join(pki, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Writes them for `kubeadm join`, which takes those that are there. Names that nobody asked for are not written. */
export async function writeAuthorities(pki: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const name of sharedFiles) {
    const text = files[name];
    if (text === undefined) throw new Error(`the join material has no ${name}`);
    await mkdir(dirname(join(pki, name)), { recursive: true, mode: 0o700 });
    await writeAtomic(join(pki, name), text, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
  }
}

/** What a joining node checks the cluster's authority by. Source: kubeadm join, `--discovery-token-ca-cert-hash`. */
export async function authorityHash(pki: string): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(join(pki, 'ca.crt')));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
