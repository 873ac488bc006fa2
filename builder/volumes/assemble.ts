import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { ensureDirectory, renameDurably } from '../../host/files.ts';
import { putIndex } from './chunk-index.ts';
import { missingNames, places } from './complaint.ts';
import type { PartsHost } from './host.ts';
import { listParts } from './list.ts';
import { loadParts } from './load.ts';
import { mend } from './mend.ts';
import { wholeMedium } from './piece.ts';
import { Sources } from './sources.ts';

export interface Assembled {
  path: string;
  medium: string;
  size: number;
  digest: string;
  root: string;
  /** Bytes written by this call; what earlier ones wrote was kept. */
  copied: number;
}

/**
 * Puts volumes together: the medium to the byte, its index beside it. What could be taken stays in `<medium>.new`
 * when volumes are missing, so that carriers can be read one after another.
 * @param out directory for the medium, which keeps its name.
 * @throws CpiabError E1010 for volumes of several media, E1017 when the medium is there, E2404 when volumes are
 *   missing, E2408 when a chunk is good in none, and all of `loadParts`.
 */
export async function assembleParts(
  paths: readonly string[],
  out: string,
  host: PartsHost,
): Promise<Assembled> {
  const { media } = await listParts(paths);
  const [listed, other] = media;
  if (listed === undefined || other !== undefined) {
    const names = media.map(({ medium }) => medium).join(', ');
    const what = `these are parts of several media: ${names}`;
    throw new CpiabError('E1010', { subject: paths.join(' '), args: [what, 'cpiab assemble'] });
  }
  const { signed, pieces } = await loadParts(listed, host.key);
  const { index } = signed;
  const path = join(out, index.medium);
  await ensureDirectory(out);
  if (await stat(path).catch(() => null)) throw new CpiabError('E1017', { subject: path });
  const sources = new Sources(pieces, index);
  const piece = wholeMedium(`${path}.new`, index);
  const { copied, lacking } = await mend({ piece, index, sources, title: `write ${path}` }, host).finally(
    () => sources.close(),
  );
  if (lacking.length > 0) {
    const missing = missingNames(pieces, index);
    const args: [string] = [places(lacking, piece, index)];
    throw missing.length > 0
      ? new CpiabError('E2404', { subject: path, args: [missing.join(', '), index.medium] })
      : new CpiabError('E2408', { subject: path, args });
  }
  await renameDurably(piece.path, path);
  await putIndex(out, signed);
  const { medium, size, digest, root } = index;
  return { path, medium, size, digest, root, copied };
}
