import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { renameDurably, writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import {
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  keyName,
  type SiteKey,
} from './minisign.ts';
import { makeOperator } from './operator.ts';
import { type Rotations, rotationsTo, rotationTexts } from './rotate.ts';

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
  /** What leads to the site's key from those before it. */
  rotations: Rotations;
}

/** `<config home>/cpiab/keys/<site>`, by the XDG Base Directory Specification: a relative value doesn't count. */
export function keysDirectory(site: string, env: NodeJS.ProcessEnv = process.env): string {
  const configured = env['XDG_CONFIG_HOME'] ?? '';
  return join(isAbsolute(configured) ? configured : join(homedir(), '.config'), 'cpiab', 'keys', site);
}

/** PEM files of an operator. */
export interface CredentialFiles {
  cert: string;
  key: string;
}

/** Where an operator's credential for a site is, unless told otherwise. */
export function credentialFiles(site: string, cert?: string, key?: string): CredentialFiles {
  const own = keysDirectory(site);
  return { cert: cert ?? join(own, 'operator.crt'), key: key ?? join(own, 'operator.key') };
}

/**
 * Reads the site's keys; the first use makes them (secret files 0600, directory 0700).
 * @throws CpiabError E1050 for a key that isn't one, what `readTextFile` throws of one that is there.
 */
export async function siteKeys(directory: string): Promise<SiteKeys> {
  const established = await establish(directory);
  await chmod(directory, 0o700);
  const keys = await complete(directory);
  return { ...keys, created: keys.created || established };
}

/**
 * Makes all keys beside their place and moves them there at once: of two first uses one wins.
 * @returns whether this one did.
 */
async function establish(directory: string): Promise<boolean> {
  if (await stat(directory).catch(() => null)) return false;
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(join(dirname(directory), '.new-'));
  try {
    await complete(fresh);
    await renameDurably(fresh, directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Reads the keys that are there, and makes those that aren't. */
async function complete(directory: string): Promise<SiteKeys> {
  const secretPath = join(directory, 'minisign.key');
  const existing = await readIfThere(secretPath);
  const site = existing === null ? await createSiteKey(secretPath) : readSecretKey(existing, secretPath);
  const publicKey = encodePublicKey(site);
  await writeAtomic(join(directory, 'minisign.pub'), publicKey);
  const operatorCa =
    (await readIfThere(join(directory, 'operator-ca.crt'))) ?? (await createOperator(directory));
  const rotations = await rotationTexts(directory, await rotationsTo(directory, keyName(site)));
  return { directory, created: existing === null, site, publicKey, operatorCa, rotations };
}

function readSecretKey(text: string, path: string): SiteKey {
  try {
    return decodeSecretKey(text);
  } catch (cause) {
    throw new CpiabError('E1050', { subject: path, cause });
  }
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
    return await readTextFile(path);
  } catch (error) {
    if (error instanceof CpiabError && error.code === 'E1006') return null;
    throw error;
  }
}
