import { dirname } from 'node:path';
import { all } from '../../contract/document/mistakes.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Checked } from './check.ts';
import { indexPath, putIndex, readText, type SignedIndex, signaturePath } from './chunk-index.ts';
import { complaintOf, places } from './complaint.ts';
import type { PartsHost } from './host.ts';
import { type Listed, listParts } from './list.ts';
import { loadParts } from './load.ts';
import { mend } from './mend.ts';
import type { Piece } from './piece.ts';
import { Sources } from './sources.ts';

export interface RepairedFile {
  path: string;
  chunks: number;
  /** How many were bad, and how many bytes were written in their place. */
  bad: number;
  copied: number;
}

export interface Repair {
  files: RepairedFile[];
  /** Indexes that were missing or damaged and were written again. */
  indexes: string[];
}

/**
 * Copies the bad chunks of a target, and no others, from other copies: of the medium or of any volume of it,
 * however it was split. A file that is named and isn't there is made.
 * @throws CpiabError E2408 for chunks that no source has good, E2405 and E2406 for a file that isn't a damaged
 *   copy but something else, and all of `loadParts`.
 */
export async function repairParts(target: string, from: readonly string[], host: PartsHost): Promise<Repair> {
  const targets = await listParts([target], { mayLack: true });
  const sources = await listParts(from);
  const repair: Repair = { files: [], indexes: [] };
  const lacking: CpiabError[] = [];
  for (const listed of targets.media) {
    const { signed, own, others } = await pair(listed, sources.media, host.key);
    const from = new Sources(others, signed.index);
    try {
      for (const piece of own) {
        const { file, error } = await repairPiece(piece, signed, from, host);
        repair.files.push(file);
        if (error !== null) lacking.push(error);
      }
    } finally {
      await from.close();
    }
    repair.indexes.push(...(await restoreIndexes(listed, signed)));
  }
  if (lacking.length > 0) throw all(lacking);
  return repair;
}

/** The target's pieces and those to copy from, under one index: the target's, else a source's. */
async function pair(listed: Listed, sources: readonly Listed[], key: string | undefined) {
  const same = sources.filter(({ medium }) => medium === listed.medium);
  // A copy under another name is one too: each chunk is checked before it is used.
  const renamed = sources.flatMap(({ medium, files }) =>
    medium === listed.medium ? [] : files.filter(({ volume }) => volume === null),
  );
  const { medium } = listed;
  const indexes = new Set([listed, ...same].flatMap((each) => [...each.indexes]));
  const otherFiles = [...same.flatMap(({ files }) => files), ...renamed];
  const { signed, pieces, problems } = await loadParts(
    { medium, indexes, files: [...listed.files, ...otherFiles] },
    key,
  );
  const wrong = problems.filter(({ code }) => code === 'E2405');
  if (wrong.length > 0) throw all(wrong);
  const ownFiles = listed.files.length;
  return { signed, own: pieces.slice(0, ownFiles), others: pieces.slice(ownFiles) };
}

async function repairPiece(piece: Piece, { index }: SignedIndex, sources: Sources, host: PartsHost) {
  const title = `mend ${piece.path}`;
  const before = (checked: Checked) => {
    const complaint = complaintOf(checked, index);
    if (complaint !== null && complaint.code !== 'E2403') throw complaint;
  };
  const { checked, copied, lacking } = await mend({ piece, index, sources, title, before }, host);
  const { path, count: chunks } = piece;
  const file: RepairedFile = { path, chunks, bad: checked.bad.length, copied };
  const args: [string] = [places(lacking, piece, index)];
  return { file, error: lacking.length === 0 ? null : new CpiabError('E2408', { subject: path, args }) };
}

/** Puts the index beside every file of the target where it isn't the same already. */
async function restoreIndexes({ medium, indexes }: Listed, signed: SignedIndex): Promise<string[]> {
  const restored: string[] = [];
  for (const path of indexes) {
    const [text, signature] = await Promise.all([readText(path), readText(signaturePath(path))]);
    if (text === signed.text && signature === signed.signature) continue;
    await putIndex(dirname(path), signed);
    restored.push(indexPath(dirname(path), medium));
  }
  return restored;
}
