import { join } from 'node:path';
import { z } from 'zod';
import { readYaml } from '../config/read-yaml.ts';
import type { PackageSet } from './debian.ts';

const path = join('images', 'os', 'packages.yaml');
const ProfileSchema = z.strictObject({ os: z.array(z.string()).min(1), build: z.array(z.string()).min(1) });

/** Package sets `os` and `build`, from `images/os/packages.yaml`. @throws CpiabError what `readYaml` throws. */
export async function readOsProfile(repository: string): Promise<Record<'os' | 'build', PackageSet>> {
  const { content: profile } = await readYaml(join(repository, path), ProfileSchema, path);
  return {
    os: { include: profile.os, kind: 'root' },
    build: { include: profile.build, kind: 'root' },
  };
}
