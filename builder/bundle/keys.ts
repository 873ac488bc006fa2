import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '../../host/files.ts';
import {
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  type SiteKey,
} from './minisign.ts';
import { makeOperator } from './operator.ts';

export interface SiteKeys {
  /** Directory the keys lie in, absolute; never inside the repository. */
  directory: string;
  /** True when this call made them. */
  created: boolean;
  site: SiteKey;
  /** Text of `minisign.pub`. */
  publicKey: string;
  /** PEM of the CA whose certificates may push to the box's Git. */
  operatorCa: string;
}

/** `<config home>/cpiab/keys/<site>`, by the XDG Base Directory Specification. */
export function keysDirectory(site: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cpiab', 'keys', site);
}

/** Reads the site's keys; the first use makes them (secret files 0600, directory 0700). */
export async function siteKeys(directory: string): Promise<SiteKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const secretPath = join(directory, 'minisign.key');
  const existing = await readIfThere(secretPath);
  const site = existing === null ? await createSiteKey(secretPath) : decodeSecretKey(existing);
  const publicKey = encodePublicKey(site);
  await writeAtomic(join(directory, 'minisign.pub'), publicKey);
  const operatorCa =
    (await readIfThere(join(directory, 'operator-ca.crt'))) ?? (await createOperator(directory));
  return { directory, created: existing === null, site, publicKey, operatorCa };
}

async function createSiteKey(path: string): Promise<SiteKey> {
  const key = generateSiteKey();
  await writeAtomic(path, encodeSecretKey(key), { mode: 0o600 });
  return key;
}

async function createOperator(directory: string): Promise<string> {
  const operator = await makeOperator('operator', new Date());
  await writeAtomic(join(directory, 'operator-ca.key'), operator.caKey, { mode: 0o600 });
  await writeAtomic(join(directory, 'operator.key'), operator.key, { mode: 0o600 });
  await writeAtomic(join(directory, 'operator.crt'), operator.certificate);
  // Last, as its presence says that the others are there.
  await writeAtomic(join(directory, 'operator-ca.crt'), operator.ca);
  return operator.ca;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
