import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { readTextFile } from '../../host/input-file.ts';
import { type PublicKey, parsePublicKey, parseSignature } from '../../host/minisign.ts';
import { keysDirectory } from '../bundle/keys.ts';
import type { Medium } from './medium.ts';

/**
 * The key to check a medium with: the one in `file`, else that of this machine's site keys which the
 * signature names. A key that lies beside the medium is never taken: it came the same way.
 * @throws CpiabError E1049 not a key, what `readTextFile` throws, E2101 not a signature, E2102 no key here made it.
 */
export async function trustedKey(medium: Medium, file: string | undefined): Promise<PublicKey> {
  if (file !== undefined) return await readKey(file);
  const wanted = await signingKey(medium);
  const folder = dirname(keysDirectory('any'));
  const sites = await readdir(folder).catch(() => []);
  const paths = sites.map((site) => join(folder, site, 'minisign.pub'));
  const keys = await Promise.all(paths.map((path) => readKey(path).catch(() => null)));
  const found = keys.find((key) => key?.id.equals(wanted.id));
  if (found) return found;
  const known = keys.flatMap((key) => (key === null ? [] : [key.name])).join(' or ');
  throw new CpiabError('E2102', {
    subject: medium.path,
    args: [wanted.name, known || "one of this machine's (none yet)"],
  });
}

/** Which key a medium claims to be signed with, its identifier written as minisign prints it: little-endian. */
async function signingKey(medium: Medium): Promise<{ id: Buffer; name: string }> {
  const text = await medium.read(`${layout.bundle}/${bundleFiles.signature}`);
  try {
    const id = parseSignature(text.toString('utf8')).keyId;
    return { id, name: Buffer.from(id).reverse().toString('hex').toUpperCase() };
  } catch (cause) {
    throw new CpiabError('E2101', { subject: `${medium.path}: ${bundleFiles.signature}`, cause });
  }
}

async function readKey(path: string): Promise<PublicKey> {
  const text = await readTextFile(path);
  try {
    return parsePublicKey(text);
  } catch (cause) {
    throw new CpiabError('E1049', { subject: path, cause });
  }
}
