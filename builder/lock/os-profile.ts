import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import type { PackageSet } from './debian.ts';

const path = join('images', 'os', 'packages.yaml');
const ProfileSchema = z.strictObject({ os: z.array(z.string()).min(1), build: z.array(z.string()).min(1) });

/** Package sets `os` and `build`, from `images/os/packages.yaml`. @throws CpiabError E1004. */
export async function readOsProfile(repository: string): Promise<Record<'os' | 'build', PackageSet>> {
  const profile = ProfileSchema.safeParse(parse(await readFile(join(repository, path), 'utf8')));
  if (!profile.success) throw new CpiabError('E1004', { subject: path, cause: profile.error });
  return {
    os: { include: profile.data.os, kind: 'root' },
    build: { include: profile.data.build, kind: 'root' },
  };
}
