import { CpiabError } from '../contract/errors.ts';
import { type KeyRotation, KeyRotationSchema, rotationFiles } from '../contract/rotation.ts';
import { type PublicKey, parsePublicKey, verifyBytes } from './minisign.ts';

/** A key that somebody trusts, or that such a key's rotations lead to. */
export interface TrustedKey extends PublicKey {
  /** The highest sequence that it may sign; null where nothing retires it. */
  last: number | null;
  /** What led here from the key that somebody trusts; empty for that key itself. */
  chain: KeyRotation[];
}

/** A key that is trusted for itself, where nobody knows of rotations. */
export const unrotated = (key: PublicKey): TrustedKey => ({ ...key, last: null, chain: [] });

/** Reads a file by its name, from wherever rotations are kept; null when it isn't there. */
export type RotationReader = (name: string) => Promise<Buffer | null>;

/**
 * All keys that are to be trusted because one is: itself, then each one that the one before names as the next.
 * Nothing of a rotation is parsed before its signature verifies.
 * @throws CpiabError E2127 for a rotation that isn't signed by its key, E2128 for a circle.
 */
export async function trustedKeys(start: PublicKey, read: RotationReader): Promise<TrustedKey[]> {
  const keys: TrustedKey[] = [];
  let key = start;
  let chain: KeyRotation[] = [];
  for (;;) {
    const rotation = await readRotation(key, read);
    keys.push({ ...key, last: rotation?.last ?? null, chain });
    if (rotation === null) return keys;
    const names = [...keys.map(({ name }) => name), rotation.to.key];
    if (new Set(names).size < names.length)
      throw new CpiabError('E2128', { subject: rotation.site, args: [names.join(' → ')] });
    chain = [...chain, rotation];
    key = parsePublicKey(`\n${rotation.to.publicKey}`);
  }
}

/** The rotation that a key has signed, or null. */
async function readRotation(key: PublicKey, read: RotationReader): Promise<KeyRotation | null> {
  const names = rotationFiles(key.name);
  const [statement, signature] = await Promise.all([read(names.statement), read(names.signature)]);
  if (statement === null) return null;
  const refuse = (why: string, cause?: unknown) =>
    new CpiabError('E2127', { subject: names.statement, args: [key.name, why], cause });
  if (signature === null || !verifyBytes(statement, signature.toString('utf8'), key))
    throw refuse('is not signed by that key');
  const rotation = parseRotation(statement, refuse);
  if (rotation.from !== key.name || nextKey(rotation, refuse).name !== rotation.to.key)
    throw refuse('names its keys wrongly');
  return rotation;
}

type Refuse = (why: string, cause?: unknown) => CpiabError;

function parseRotation(statement: Buffer, refuse: Refuse): KeyRotation {
  try {
    return KeyRotationSchema.parse(JSON.parse(statement.toString('utf8')));
  } catch (cause) {
    throw refuse('is signed, but no rotation', cause);
  }
}

function nextKey({ to }: KeyRotation, refuse: Refuse): PublicKey {
  try {
    return parsePublicKey(`\n${to.publicKey}`);
  } catch (cause) {
    throw refuse('names no public key', cause);
  }
}

/**
 * Refuses a manifest that a retired key has signed, or that the rotations of another site lead to.
 * @throws CpiabError E2129, E2127.
 */
export function refuseRetired(
  { name, last, chain }: TrustedKey,
  { site, sequence }: { site: string; sequence: number },
  subject: string,
): void {
  if (last !== null && sequence > last)
    throw new CpiabError('E2129', { subject, args: [name, String(last), String(sequence)] });
  const other = chain.find((rotation) => rotation.site !== site);
  if (other !== undefined)
    throw new CpiabError('E2127', { subject, args: [other.from, `is for site ${other.site}`] });
}
