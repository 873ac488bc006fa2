import { dirname, join } from 'node:path';
import { all } from '../../contract/document/mistakes.ts';
import { CpiabError } from '../../contract/errors.ts';
import { spanOf } from '../../contract/volumes.ts';
import { refuseRetired } from '../../host/rotation.ts';
import { keyOf } from '../verify/trusted-key.ts';
import { readIndex, readSignature, readText, type SignedIndex, signaturePath } from './chunk-index.ts';
import { type Listed, listParts } from './list.ts';
import { type Piece, wholeMedium } from './piece.ts';

/** A medium whose index is trusted, and the files that say they are parts of it. */
export interface Loaded {
  signed: SignedIndex;
  /** Identifier of the key that signed it. */
  key: string;
  pieces: Piece[];
  /** Copies of the index that are missing or damaged, and files that can't be a part. */
  problems: CpiabError[];
}

/**
 * Reads a medium's index. One good copy of it serves for all files.
 * @param keyFile path of a minisign public key; else one of this machine's.
 * @throws CpiabError E2407 when two good copies differ; E2401, E2101, E2102, E2402 when there is no good one.
 */
export async function loadParts(listed: Listed, keyFile: string | undefined): Promise<Loaded> {
  const problems: CpiabError[] = [];
  let signed: (SignedIndex & { key: string }) | null = null;
  for (const path of listed.indexes) {
    const found = await trustedIndex(path, listed.medium, keyFile).catch((error: unknown) => {
      if (!(error instanceof CpiabError) || error.exit !== 3) throw error;
      problems.push(error);
      return null;
    });
    if (found !== null && signed !== null && found.text !== signed.text)
      throw new CpiabError('E2407', { subject: path, args: [signed.path] });
    signed ??= found;
  }
  if (signed === null) throw all(problems);
  const { index } = signed;
  const pieces = listed.files.flatMap(({ path, volume }): Piece[] => {
    if (volume === null) return [wholeMedium(path, index)];
    const span = spanOf(volume, index.chunks.length);
    if (span !== null) return [{ path, volume, ...span }];
    const why = `a medium of ${index.chunks.length} chunks has no volume ${volume.number} of ${volume.of}`;
    problems.push(new CpiabError('E2405', { subject: path, args: [why] }));
    return [];
  });
  return { signed, key: signed.key, pieces, problems };
}

/** The index of one whole medium. @throws CpiabError as `loadParts`; E1010 for a volume or an index. */
export async function loadMedium(path: string, keyFile: string | undefined): Promise<SignedIndex> {
  const { media } = await listParts([path]);
  const listed = media.find(({ files }) => files[0]?.path === path && files[0].volume === null);
  if (listed === undefined)
    throw new CpiabError('E1010', { subject: path, args: ['is no whole medium', 'cpiab split'] });
  return (await loadParts(listed, keyFile)).signed;
}

async function trustedIndex(path: string, medium: string, keyFile: string | undefined) {
  const claim = {
    subject: path,
    signature: async () => ({ text: await readSignature(path), path: signaturePath(path) }),
    rotation: async (name: string) => {
      const text = await readText(join(dirname(path), name));
      return text === null ? null : Buffer.from(text);
    },
  };
  const key = await keyOf(claim, keyFile);
  const signed = await readIndex(path, medium, key);
  refuseRetired(key, signed.index, path);
  return { ...signed, key: key.name };
}
