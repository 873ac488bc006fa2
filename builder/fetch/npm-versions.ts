import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../config/read-json.ts';

const PackageLockSchema = z.looseObject({
  name: z.string(),
  packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })),
});

/** Versions of this repository's own package and of those at the top of `node_modules`. Source: npm's documentation, package-lock.json. */
export async function npmVersions(repository: string): Promise<ReadonlyMap<string, string>> {
  const { content } = await readJson(join(repository, 'package-lock.json'), PackageLockSchema);
  const top = /^node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)$/;
  return new Map(
    Object.entries(content.packages).flatMap(([path, { version }]): [string, string][] => {
      const name = path === '' ? content.name : top.exec(path)?.groups?.['name'];
      return name === undefined || version === undefined ? [] : [[name, version]];
    }),
  );
}
