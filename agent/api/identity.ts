import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../host/files.ts';

/** The box's key and certificate for its API. */
export interface ApiIdentity {
  /** PEM. */
  key: string;
  certificate: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, 64 hexadecimal digits: what people and programs pin. */
  fingerprint: string;
}

/**
 * Reads the box's identity, or makes it on a new box. It lives as long as the state does: nothing
 * else names the box.
 * @param directory for `api.key` (0600) and `api.crt`.
 * @param names DNS names and IP addresses the certificate is good for.
 */
export async function apiIdentity(directory: string, names: readonly string[]): Promise<ApiIdentity> {
  const keyPath = join(directory, 'api.key');
  const certificatePath = join(directory, 'api.crt');
  const known = await readPair(keyPath, certificatePath);
  if (known !== null) return known;
  // Loading the library takes seconds in an emulated box, and only a new one needs it.
  const { selfSigned } = await import('./self-signed.ts');
  const made = await selfSigned(names);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeAtomic(keyPath, made.key, { mode: 0o600 });
  await writeAtomic(certificatePath, made.certificate);
  return { ...made, fingerprint: spkiFingerprint(made.certificate) };
}

async function readPair(keyPath: string, certificatePath: string): Promise<ApiIdentity | null> {
  try {
    const key = await readFile(keyPath, 'utf8');
    const certificate = await readFile(certificatePath, 'utf8');
    const belongs = new X509Certificate(certificate).publicKey.equals(createPublicKey(key));
    // A power cut between the two writes: the key was never used, so a new pair hurts nobody.
    return belongs ? { key, certificate, fingerprint: spkiFingerprint(certificate) } : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @param certificate PEM. */
export function spkiFingerprint(certificate: string): string {
  const spki = new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(spki).digest('hex');
}
