import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile } from '../../host/input-file.ts';

/**
 * Node's own list of authorities, this machine's, and what the site adds: a list that is given replaces all others.
 * @param added PEM certificates.
 */
export function authorities(added: string | undefined): string[] {
  const all = [...getCACertificates('default'), ...getCACertificates('system')];
  return [...new Set(added === undefined ? all : [...all, added])];
}

/** PEM certificates that a site names. @param path below the repository. @throws CpiabError E1006, E1048. */
export async function readCertificates(repository: string, path: string): Promise<string> {
  const text = await readTextFile(join(repository, path), { shown: path });
  try {
    new X509Certificate(text);
  } catch (cause) {
    throw new CpiabError('E1048', { subject: path, cause });
  }
  return text;
}

/** Codes by which Node says that a certificate is not what it should be. */
export function isUntrusted(cause: unknown): boolean {
  const code = String((cause as NodeJS.ErrnoException).code);
  return /CERT|^UNABLE_TO_|^ERR_TLS_/.test(code);
}
