import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { flux } from '../../contract/layout.ts';
import { decryption } from '../../contract/secrets.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { type KubeClient, KubeError } from '../kube/client.ts';

/** Keeps keys of age, in the place of those that there were. */
export async function keepDecryptionKey(file: string, identities: readonly string[]): Promise<void> {
  await ensureDirectory(dirname(file));
  await writeAtomic(file, identities.map((one) => `${one}\n`).join(''), { mode: 0o600 });
}

/**
 * Gives the kept keys to Flux's controller, as a Secret beside it.
 * @returns false where there are none, or Flux's namespace isn't there yet: then the step that makes it asks again.
 */
export async function applyDecryptionKey(
  kube: KubeClient,
  file: string,
  signal: AbortSignal,
): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return false;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: decryption.secret, namespace: flux.namespace },
    data: { [decryption.key]: Buffer.from(text).toString('base64') },
  };
  const path = `/api/v1/namespaces/${flux.namespace}/secrets/${decryption.secret}`;
  return await kube.apply(path, secret, signal).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    },
  );
}
