import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { CpiabError } from '../contract/errors.ts';
import {
  type SupportManifest,
  SupportManifestSchema,
  supportLimits,
  supportManifest,
} from '../contract/support.ts';
import { checkSeal } from './audit-log.ts';
import { parsePublicKey, verifyBytes } from './minisign.ts';
import { parseNoteKey } from './signed-note.ts';

/** A support bundle that is what its box has signed. */
export interface VerifiedSupport {
  manifest: SupportManifest;
  /** SHA-256 of the key of the box's API, hexadecimal. */
  fingerprint: string;
}

interface Found {
  size: number;
  sha256: string;
  /** Kept of the manifest and its signature only. */
  bytes: Buffer;
}

/**
 * Reads a support bundle and holds every file against the signed manifest. Nothing is unpacked.
 * @throws CpiabError E2160 wrong seal, E2164 with what is wrong.
 */
export async function verifySupport(path: string, signal: AbortSignal): Promise<VerifiedSupport> {
  const wrong = (why: string, cause?: unknown) =>
    new CpiabError('E2164', { subject: path, args: [why], cause });
  const found = await readFiles(path, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw wrong((cause as Error).message, cause);
  });
  const [text, signature] = [
    found.get(supportManifest)?.bytes,
    found.get(`${supportManifest}.minisig`)?.bytes,
  ];
  if (text === undefined || signature === undefined) throw wrong('it has no signed manifest');
  const manifest = parseManifest(text, wrong);
  const fingerprint = checkSeal(manifest.seal, path);
  const key = parsePublicKey(`\n${manifest.seal.minisign}\n`);
  // The API's key endorses one form of the key; the other must be the same.
  if (!key.key.equals(parseNoteKey(manifest.seal.key).key)) throw wrong('the two forms of its key differ');
  if (!verifyBytes(text, signature.toString('utf8'), key)) throw wrong('the signature does not verify');
  for (const { name, size, sha256 } of manifest.files) {
    const file = found.get(name);
    if (file?.size !== size || file.sha256 !== sha256) throw wrong(`${name} is not what was signed`);
  }
  const listed = [...manifest.files.map(({ name }) => name), supportManifest, `${supportManifest}.minisig`];
  const extra = [...found.keys()].find((name) => !listed.includes(name));
  if (extra !== undefined) throw wrong(`${extra} was added`);
  return { manifest, fingerprint };
}

function parseManifest(text: Buffer, wrong: (why: string, cause: unknown) => CpiabError): SupportManifest {
  try {
    return SupportManifestSchema.parse(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw wrong('its manifest is none', cause);
  }
}

/** Every file of the archive by its name, nothing of it unpacked. @throws Error for what no box writes. */
async function readFiles(path: string, signal: AbortSignal): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  const tar = extract();
  const read = async () => {
    let room: number = supportLimits.all;
    for await (const entry of tar) {
      const { name, type = 'file' } = entry.header;
      if (type !== 'file' || found.has(name)) throw new Error(`${name} is twice there, or no file`);
      const file = await readEntry(entry as AsyncIterable<Buffer>, name, Math.min(room, supportLimits.file));
      room -= file.size;
      found.set(name, file);
    }
  };
  const unpacked = pipeline(createReadStream(path), createZstdDecompress(), tar, { signal });
  await Promise.all([unpacked, read()]);
  return found;
}

async function readEntry(entry: AsyncIterable<Buffer>, name: string, most: number): Promise<Found> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of entry) {
    size += chunk.length;
    if (size > most) throw new Error(`${name} is larger than any box makes it`);
    hash.update(chunk);
    if (name.startsWith(supportManifest)) kept.push(chunk);
  }
  return { size, sha256: hash.digest('hex'), bytes: Buffer.concat(kept) };
}
