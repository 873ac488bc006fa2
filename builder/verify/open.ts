import { stat } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { formatOf } from '../../host/file-format.ts';
import { fileError, requireFile } from '../../host/input-file.ts';
import { openDirectory } from './directory.ts';
import { openIso } from './iso.ts';
import type { Medium } from './medium.ts';
import { openTarball } from './tarball.ts';

/** Opens an ISO, a `.tar.zst` or a bundle directory, told apart by content. @throws CpiabError E1006, E1030…E1033, E2106. */
export async function openMedium(path: string, signal: AbortSignal): Promise<Medium> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(cause, path);
  });
  if (found.isDirectory()) return openDirectory(path);
  await requireFile(path);
  const format = await formatOf(path);
  if (format === 'zstd') return openTarball(path);
  if (format === 'iso') return await openIso(path, signal);
  throw new CpiabError('E2106', { subject: path });
}
