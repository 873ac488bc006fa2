import { basename, dirname, join } from 'node:path';
import { indexName } from '../../contract/chunk-index.ts';
import { digestOf } from '../../contract/manifest.ts';
import { volumesFolder } from '../../contract/volumes.ts';
import { sha256File } from '../../host/files.ts';
import { type SiteKey, signBytes } from '../bundle/minisign.ts';
import { makeIndex, type SignedIndex, signaturePath, writeIndex } from '../volumes/chunk-index.ts';
import { splitMedium } from '../volumes/split.ts';

export interface IndexInput {
  site: string;
  sequence: number;
  revision: string;
  key: SiteKey;
  /** The signature's trusted comment, for a file of this name. */
  comment(name: string): string;
}

/** Reads a finished medium once: for its digest, and for the signed index beside it. */
export async function indexMedium(path: string, input: IndexInput, signal: AbortSignal) {
  const { key, comment, ...about } = input;
  const name = basename(path);
  const index = await makeIndex(path, { medium: name, ...about }, signal);
  const sign = (bytes: Buffer) => signBytes(bytes, key, comment(indexName(name)));
  const signed = await writeIndex(dirname(path), index, sign);
  return { name, size: index.size, digest: index.digest, signed };
}

/** The files that lie beside a medium. */
export const indexFiles = (medium: string) => [indexName(medium), signaturePath(indexName(medium))] as const;

/** Splits a finished medium into a directory beside it. */
export async function writeVolumes(path: string, signed: SignedIndex, limit: number, signal: AbortSignal) {
  const { medium, size } = signed.index;
  const name = volumesFolder(medium);
  const out = join(dirname(path), name);
  await splitMedium({ path, signed, limit, out }, { signal, progress: () => {} });
  const { sha256 } = await sha256File(join(out, indexName(medium)));
  return { name, size, digest: digestOf(sha256) };
}
