import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { readTextFile } from '../../host/input-file.ts';
import { type PublicKey, parsePublicKey, parseSignature } from '../../host/minisign.ts';
import { type RotationReader, type TrustedKey, trustedKeys } from '../../host/rotation.ts';
import { keysDirectory } from '../bundle/keys.ts';
import type { Medium } from './medium.ts';

/** Something that is signed: what it says of its key, which is not yet trusted. */
export interface Claim {
  /** Its path. */
  subject: string;
  /** Text of its signature, and the signature's path. */
  signature(): Promise<{ text: string; path: string }>;
  /** Reads rotations that came with it. */
  rotation: RotationReader;
}

/**
 * The key to check a medium with: the one in `file`, else one of this machine's site keys, or a later one
 * that rotations lead to from there. A key that lies beside the medium is never taken: it came the same way.
 * A rotation may: the key before has signed it.
 * @throws CpiabError E1049 not a key, what `readTextFile` throws, E2101 not a signature, E2102 no trusted key made it,
 *   E2127 and E2128 for a wrong rotation.
 */
export async function trustedKey(medium: Medium, file: string | undefined): Promise<TrustedKey> {
  return await keyOf(claimOf(medium), file);
}

/** The same for anything else that is signed. */
export async function keyOf(claim: Claim, file: string | undefined): Promise<TrustedKey> {
  const sites = await siteDirectories();
  const known = file === undefined ? await ownKeys(sites) : [await readKey(file)];
  const wanted = await signingKey(claim);
  const read = rotationReader(claim, sites);
  const wrong: unknown[] = [];
  for (const start of known) {
    const keys = await trustedKeys(start, read).catch((error: unknown) => {
      // A wrong rotation of one site says nothing of another.
      wrong.push(error);
      return [];
    });
    const found = keys.find((key) => key.id.equals(wanted.id));
    if (found !== undefined) return found;
  }
  if (wrong.length > 0) throw wrong[0];
  const names = [...new Set(known.map((key) => key.name))].join(' or ');
  throw new CpiabError('E2102', {
    subject: claim.subject,
    args: [wanted.name, names || "one of this machine's (none yet)"],
  });
}

function claimOf(medium: Medium): Claim {
  const path = `${medium.path}: ${bundleFiles.signature}`;
  return {
    subject: medium.path,
    signature: async () => {
      const text = await medium.read(`${layout.bundle}/${bundleFiles.signature}`);
      return { text: text.toString('utf8'), path };
    },
    rotation: async (name) =>
      await medium.read(`${layout.bundle}/${name}`).catch((error: unknown) => {
        if (error instanceof CpiabError && error.code === 'E2105') return null;
        throw error;
      }),
  };
}

/** Which key something claims to be signed with, its identifier written as minisign prints it: little-endian. */
async function signingKey({ signature }: Claim): Promise<{ id: Buffer; name: string }> {
  const { text, path } = await signature();
  try {
    const id = parseSignature(text).keyId;
    return { id, name: Buffer.from(id).reverse().toString('hex').toUpperCase() };
  } catch (cause) {
    throw new CpiabError('E2101', { subject: path, cause });
  }
}

async function siteDirectories(): Promise<string[]> {
  const folder = dirname(keysDirectory('any'));
  return (await readdir(folder).catch(() => [])).map((site) => join(folder, site));
}

/** Every public key of this machine's sites, the retired ones too: their media are still to be checked. */
async function ownKeys(sites: string[]): Promise<PublicKey[]> {
  const names = await Promise.all(
    sites.map(async (site) => (await readdir(site).catch(() => [])).map((name) => join(site, name))),
  );
  const files = names.flat().filter((path) => /\/minisign(?:-[0-9A-F]{16})?\.pub$/.test(path));
  const keys = await Promise.all(files.map((path) => readKey(path).catch(() => null)));
  return keys.filter((key) => key !== null);
}

/** Looks where this machine keeps rotations, then on the medium: what was known before can't be taken back. */
function rotationReader({ rotation }: Claim, sites: string[]): RotationReader {
  return async (name) => {
    for (const site of sites) {
      const own = await readFile(join(site, name)).catch(() => null);
      if (own !== null) return own;
    }
    return await rotation(name);
  };
}

async function readKey(path: string): Promise<PublicKey> {
  const text = await readTextFile(path);
  try {
    return parsePublicKey(text);
  } catch (cause) {
    throw new CpiabError('E1049', { subject: path, cause });
  }
}
