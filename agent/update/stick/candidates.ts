import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVolumeName, volumeName, volumesOf } from '../../../contract/volumes.ts';

/** A file on a stick that may be an update, whole or in volumes. */
export interface Candidate {
  name: string;
  /** That follow one another. */
  files: { path: string; size: number }[];
  /** Names of volumes that are not there. */
  missing: string[];
}

const isUpdate = (name: string) => name.endsWith('.cpiab-delta') || name.endsWith('.tar.zst');

/** What lies at the top of a stick and is named like an update: `.cpiab-delta`, `.tar.zst`, volumes of these. */
export async function candidatesOn(root: string): Promise<Candidate[]> {
  const names = (await readdir(root, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  const whole = names.filter(isUpdate).map((name) => ({ name, parts: [name] }));
  return await Promise.all([...whole, ...volumeSets(names)].map((set) => candidate(root, set, names)));
}

interface FileSet {
  name: string;
  parts: string[];
}

/** Each set that a name is a part of, once. */
function volumeSets(names: readonly string[]): FileSet[] {
  const sets = new Map<string, FileSet>();
  for (const volume of names.map(parseVolumeName)) {
    if (volume === null || !isUpdate(volume.medium)) continue;
    const { medium, of } = volume;
    const parts = volumesOf(of).map((one) => volumeName(medium, one));
    sets.set(`${medium} in ${of}`, { name: `${medium} in ${of} volumes`, parts });
  }
  return [...sets.values()];
}

async function candidate(
  root: string,
  { name, parts }: FileSet,
  names: readonly string[],
): Promise<Candidate> {
  const there = parts.filter((part) => names.includes(part)).map((part) => join(root, part));
  const files = await Promise.all(there.map(async (path) => ({ path, size: (await stat(path)).size })));
  return { name, files, missing: parts.filter((part) => !names.includes(part)) };
}
