import { stat } from 'node:fs/promises';
import { CpiabError } from '../contract/errors.ts';
import { fileError, readTextFile } from './input-file.ts';

/**
 * Reads a file of secrets, unless somebody else could.
 * @throws CpiabError E1420, and what `readTextFile` throws.
 */
export async function readPrivateFile(path: string, shown: string = path): Promise<string> {
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw fileError(cause, shown);
  });
  if ((mode & 0o077) !== 0)
    throw new CpiabError('E1420', { subject: shown, args: [`0${(mode & 0o777).toString(8)}`, shown] });
  return await readTextFile(path, { shown });
}
