import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { usualHostname } from '../../contract/seed.ts';
import { writeAtomic } from '../../host/files.ts';
import type { Paths } from '../board.ts';

type NamePaths = Pick<Paths, 'hostname' | 'initialised'>;

/** The name that the cluster's node has for good; null while there is no cluster. */
export async function clusterName({ hostname: file, initialised }: NamePaths): Promise<string | null> {
  if (!existsSync(initialised)) return null;
  return (await readFile(file, 'utf8').catch(() => '')).trim() || usualHostname;
}

/**
 * Writes down the name that a cluster made from now on will know. The usual one leaves no file, so that a box without a
 * seed has nothing to do at its next start.
 * @returns false where there is a cluster that knows another: a restore brought it.
 */
export async function settleName(paths: NamePaths, name = hostname()): Promise<boolean> {
  const known = await clusterName(paths);
  if (known === null && name === usualHostname) await rm(paths.hostname, { force: true });
  else if (known === null) await writeAtomic(paths.hostname, `${name}\n`);
  return known === null || known === name;
}
