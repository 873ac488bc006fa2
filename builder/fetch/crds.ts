import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CachedFile } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import type { BuildHost } from '../host.ts';
import { goFolder } from './programs.ts';
import type { GoToolchain } from './toolchain.ts';

/** Go packages whose types become custom resource definitions. */
const API_PACKAGES = [
  'github.com/fluxcd/source-controller/api/v1',
  'github.com/fluxcd/kustomize-controller/api/v1',
];

/**
 * Generates Flux's custom resource definitions from its API modules.
 * @returns one YAML stream, sorted by file name.
 */
export async function generateCrds(
  generator: CachedFile,
  toolchain: GoToolchain,
  host: BuildHost,
): Promise<{ file: CachedFile; cached: boolean }> {
  const module = join(host.repository, goFolder, 'controller-gen');
  const sums = await readFile(join(module, 'go.sum'), 'utf8');
  const key = { generator: generator.sha256, sums, packages: API_PACKAGES };
  const { files, cached } = await host.cache.files('crds', key, async (scratch) => {
    await toolchain.sandbox.run(
      ['/generator', 'crd', ...API_PACKAGES.map((path) => `paths=${path}`), 'output:crd:dir=/out'],
      {
        binds: [
          ...toolchain.binds,
          { source: generator.path, target: '/generator', write: false },
          { source: module, target: '/src', write: false },
          { source: scratch, target: '/out', write: true },
        ],
        cwd: '/src',
        env: toolchain.env,
        signal: host.signal,
      },
    );
    const names = (await readdir(scratch)).filter((name) => name.endsWith('.yaml')).toSorted();
    const texts = await Promise.all(names.map((name) => readFile(join(scratch, name), 'utf8')));
    const out = join(scratch, 'crds.all');
    await writeAtomic(out, texts.join(''));
    return { crds: out };
  });
  return { file: files.crds, cached };
}
