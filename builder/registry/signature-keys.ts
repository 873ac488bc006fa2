import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { parseReference } from '../../contract/reference.ts';
import type { Site } from '../../contract/site.ts';
import { readTextFile } from '../../host/input-file.ts';

/** A key that the site names for signatures of images. */
export interface SignatureKey {
  /** Path below the repository, as the site has it. */
  path: string;
  key: KeyObject;
}

type Entry = Site['registries'][string]['signatures'][number];

/** A shorter one is refused. Source: NIST SP 800-131A revision 2, section 3. */
const LEAST_RSA_BITS = 2048;

/** Paths of the keys that the site has for an image, each once; none for one that needs no signature. */
export function keyPathsFor(reference: string, site: Site): string[] {
  const parsed = parseReference(reference);
  if (parsed === null) return [];
  const { signatures = [] } = site.registries[parsed.host] ?? {};
  return [...new Set(signatures.filter((entry) => covers(entry, parsed.repository)).map(({ key }) => key))];
}

/** Whole parts of the path are compared: `team` is not for `teamster/app`. */
const covers = ({ repository: prefix }: Entry, repository: string) =>
  prefix === undefined || `${repository}/`.startsWith(`${prefix}/`);

/**
 * A key that is for nothing is a mistyped one, and the images it was meant for go unchecked.
 * @param references every published image of the site.
 * @throws CpiabError E1091.
 */
export function rejectIdleKeys(site: Site, references: readonly string[]): void {
  const images = references.flatMap((text) => parseReference(text) ?? []);
  for (const [host, { signatures }] of Object.entries(site.registries))
    for (const entry of signatures) {
      if (images.some((image) => image.host === host && covers(entry, image.repository))) continue;
      const subject = `registries.${host}.signatures${entry.repository ? ` ${entry.repository}` : ''}`;
      throw new CpiabError('E1091', { subject, args: [entry.key] });
    }
}

/** @param paths below the repository. @throws CpiabError E1090, and what `readTextFile` throws. */
export async function readSignatureKeys(
  repository: string,
  paths: readonly string[],
): Promise<SignatureKey[]> {
  return await Promise.all(
    paths.map(async (path) => {
      const text = await readTextFile(join(repository, path), { shown: path });
      return { path, key: parseSignatureKey(text, path) };
    }),
  );
}

/** @param shown the file in messages. @throws CpiabError E1090. */
export function parseSignatureKey(text: string, shown: string): KeyObject {
  const refuse = (why: string, cause?: unknown) =>
    new CpiabError('E1090', { subject: shown, args: [why], cause });
  // Node would take the public half of a private key, which has no place in a repository.
  if (text.includes('PRIVATE KEY')) throw refuse('it holds a private key');
  if (!/^-----BEGIN PUBLIC KEY-----$/m.test(text)) throw refuse('it has no PEM block PUBLIC KEY');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw refuse('its PEM block cannot be read', cause);
  }
  const why = unusable(key);
  if (why !== null) throw refuse(why);
  return key;
}

function unusable({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | null {
  if (type === 'ed25519') return null;
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? null : `curve ${details?.namedCurve}`;
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa') return bits >= LEAST_RSA_BITS ? null : `RSA of ${bits} bits`;
  return `type ${type}`;
}
