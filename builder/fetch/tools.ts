import { CpiabError } from '../../contract/errors.ts';
import { tracked } from '../../contract/progress.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import type { BuildRoot } from './build-root.ts';
import { compileProgram, readPrograms } from './programs.ts';
import { goToolchain } from './toolchain.ts';

/** Programs that run here and are on no medium. */
const TOOLS = ['kustomize', 'sops'] as const;
export type Tool = (typeof TOOLS)[number];

export const isTool = (name: string): name is Tool => (TOOLS as readonly string[]).includes(name);

/** Whether a build needs it: sops is for `cpiab secrets` alone. */
export const isCompiledByBuilds = (name: string) => name !== 'sops';

/** The locked kustomize and the root it runs in: all that is needed to read what Git would apply. */
export async function fetchKustomize(
  root: BuildRoot,
  host: BuildHost,
): Promise<{ sandbox: Sandbox; kustomize: CachedFile }> {
  return { sandbox: root.sandbox, kustomize: await fetchTool('kustomize', root, host) };
}

/** A tool in its locked version, compiled when it is first asked for. @throws CpiabError E3003, E3006. */
export async function fetchTool(name: Tool, root: BuildRoot, host: BuildHost): Promise<CachedFile> {
  const program = (await readPrograms(host.repository)).find((one) => one.name === name);
  if (program === undefined)
    throw new CpiabError('E3006', { subject: 'supply/go/programs.yaml', args: [`no program ${name}`] });
  const toolchain = await goToolchain(root, host);
  const { files } = await tracked(
    host.progress,
    { id: `go/${name}`, title: `${name} ${program.modules[0]?.version ?? ''}`, phase: 'compile' },
    () => compileProgram(program, toolchain, host),
    ({ cached }) => ({ cached }),
  );
  const file = files[name];
  if (file === undefined) throw new Error(`${name} compiles to something else`);
  return file;
}
