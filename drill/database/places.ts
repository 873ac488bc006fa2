import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';

const DEBIAN = '/usr/lib/postgresql';

/** Directory of the newest PostgreSQL server that Debian has put on this machine. @throws CpiabError E4007. */
export async function postgresPrograms(): Promise<string> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const [newest] = versions
    .map(Number)
    .filter(Number.isFinite)
    .toSorted((a, b) => b - a);
  if (newest === undefined) throw new CpiabError('E4007', { subject: 'postgres', args: ['postgresql'] });
  return join(DEBIAN, String(newest), 'bin');
}
