import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isRotationFile,
  type KeyRotation,
  KeyRotationSchema,
  rotationFiles,
} from '../../contract/rotation.ts';
import { stableJson } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import {
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  keyName,
  type SiteKey,
  signBytes,
} from './minisign.ts';

/** Rotations that lead to a key: file name → text. Bundles carry them beside their blobs. */
export type Rotations = ReadonlyMap<string, string>;

/**
 * Puts a new key in the place of a site's key, and keeps what the old one signed to say so. The old secret key
 * is gone then: what it is not there for, nobody can steal. Killed at any point, the site has one key or the other.
 * @param directory with the site's keys.
 * @param last the highest sequence that the old key may have signed.
 */
export async function rotateKey(
  directory: string,
  site: string,
  old: SiteKey,
  last: number,
): Promise<KeyRotation> {
  const fresh = generateSiteKey();
  const rotation: KeyRotation = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'KeyRotation',
    site,
    from: keyName(old),
    last,
    to: { key: keyName(fresh), publicKey: encodePublicKey(fresh).split('\n')[1] ?? '' },
  };
  const text = `${stableJson(rotation, 1)}\n`;
  const names = rotationFiles(rotation.from);
  // Until the new secret key has its name, these name a key that nobody has, and no bundle carries them.
  await writeAtomic(join(directory, names.statement), text);
  await writeAtomic(
    join(directory, names.signature),
    signBytes(Buffer.from(text), old, `site=${site} last=${last}`),
  );
  await writeAtomic(join(directory, `minisign-${rotation.from}.pub`), encodePublicKey(old));
  await writeAtomic(join(directory, 'minisign.key'), encodeSecretKey(fresh), { mode: 0o600 });
  await writeAtomic(join(directory, 'minisign.pub'), encodePublicKey(fresh));
  return rotation;
}

/**
 * The rotations in a key directory that lead to a key, from the first to the last.
 * @param current identifier of the key.
 */
export async function rotationsTo(directory: string, current: string): Promise<KeyRotation[]> {
  const names = (await readdir(directory)).filter((name) => isRotationFile(name) && name.endsWith('.json'));
  const all = await Promise.all(
    names.map(async (name) =>
      KeyRotationSchema.parse(JSON.parse(await readFile(join(directory, name), 'utf8'))),
    ),
  );
  const chain: KeyRotation[] = [];
  let key = current;
  for (;;) {
    const step = all.find(({ to }) => to.key === key);
    if (step === undefined || chain.includes(step)) return chain;
    chain.unshift(step);
    key = step.from;
  }
}

/** Statements and signatures of rotations, as they lie in the key directory. */
export async function rotationTexts(directory: string, chain: KeyRotation[]): Promise<Rotations> {
  const names = chain.flatMap(({ from }) => Object.values(rotationFiles(from)));
  const texts = names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}
