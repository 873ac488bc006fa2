import { CpiabError } from '../../contract/errors.ts';
import { tracked } from '../../contract/progress.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import type { BuildRoot } from './build-root.ts';
import { compileProgram, readPrograms } from './programs.ts';
import { goToolchain } from './toolchain.ts';

/** A tool of the build: it is on no medium. */
export const KUSTOMIZE = 'kustomize';

/** The locked kustomize and the root it runs in: all that is needed to read what Git would apply. */
export async function fetchKustomize(
  root: BuildRoot,
  host: BuildHost,
): Promise<{ sandbox: Sandbox; kustomize: CachedFile }> {
  const program = (await readPrograms(host.repository)).find(({ name }) => name === KUSTOMIZE);
  if (program === undefined)
    throw new CpiabError('E3006', { subject: 'supply/go/programs.yaml', args: [`no program ${KUSTOMIZE}`] });
  const toolchain = await goToolchain(root, host);
  const { files } = await tracked(
    host.progress,
    { id: `go/${KUSTOMIZE}`, title: `${KUSTOMIZE} ${program.modules[0]?.version ?? ''}`, phase: 'compile' },
    () => compileProgram(program, toolchain, host),
    ({ cached }) => ({ cached }),
  );
  const kustomize = files[KUSTOMIZE];
  if (kustomize === undefined) throw new Error(`${KUSTOMIZE} compiles to something else`);
  return { sandbox: root.sandbox, kustomize };
}
