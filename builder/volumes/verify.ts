import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { all } from '../../contract/document/mistakes.ts';
import { CpiabError } from '../../contract/errors.ts';
import { checkAloud } from './check.ts';
import { complaintOf, missingNames } from './complaint.ts';
import type { PartsHost } from './host.ts';
import { listParts } from './list.ts';
import { loadParts } from './load.ts';
import type { Piece } from './piece.ts';

export interface VerifiedMedium
  extends Pick<ChunkIndex, 'medium' | 'site' | 'sequence' | 'revision' | 'root'> {
  /** Identifier of the key that signed the index. */
  key: string;
  /** What was checked, in the order of names. */
  files: Piece[];
  bytes: number;
  /** What is not here; only where no directory was named is that no error. */
  missing: string[];
}

/**
 * Checks volumes and media by their signed index, default deny.
 * @param paths files or directories; in a directory nothing of a medium may be missing.
 * @throws CpiabError E24xx naming each chunk, file or index that is bad or missing.
 */
export async function verifyParts(paths: readonly string[], host: PartsHost): Promise<VerifiedMedium[]> {
  const { media, wantsAll } = await listParts(paths);
  const found: CpiabError[] = [];
  const verified: VerifiedMedium[] = [];
  for (const listed of media) {
    const { signed, key, pieces, problems } = await loadParts(listed, host.key);
    found.push(...problems);
    const missing = missingNames(pieces, signed.index);
    if ((wantsAll || pieces.length === 0) && missing.length > 0)
      found.push(
        new CpiabError('E2404', { subject: listed.medium, args: [missing.join(', '), listed.medium] }),
      );
    const checked = await checkAll(pieces, signed.index, host);
    found.push(...checked.complaints);
    const { medium, site, sequence, revision, root } = signed.index;
    verified.push({
      medium,
      site,
      sequence,
      revision,
      root,
      key,
      files: pieces,
      bytes: checked.bytes,
      missing,
    });
  }
  if (found.length > 0) throw all(found);
  return verified;
}

async function checkAll(pieces: readonly Piece[], index: ChunkIndex, host: PartsHost) {
  const complaints: CpiabError[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const checked = await checkAloud(piece, index, host);
    bytes += checked.size ?? 0;
    complaints.push(...[complaintOf(checked, index)].filter((error) => error !== null));
  }
  return { complaints, bytes };
}
