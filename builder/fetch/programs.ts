import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { type Program, ProgramsSchema } from '../../contract/programs.ts';
import type { Phase } from '../../contract/progress.ts';
import type { CachedFile } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import { ProcessError } from '../../host/process.ts';
import { readYaml } from '../config/read-yaml.ts';
import type { BuildHost } from '../host.ts';
import { type GoLicences, type GoModule, goLicences } from '../licences/go.ts';
import { readModules } from '../packages/go.ts';
import type { GoToolchain } from './toolchain.ts';

/** Folder of the Go modules, relative to the repository. */
export const goFolder = 'supply/go';

/** Name under which a program's module list is kept beside its binaries. */
export const moduleList = 'modules.txt';

/** Reads `supply/go/programs.yaml`. @throws CpiabError what `readYaml` throws. */
export async function readPrograms(repository: string): Promise<Program[]> {
  const shown = join(goFolder, 'programs.yaml');
  return (await readYaml(join(repository, shown), ProgramsSchema, shown)).content;
}

/** What decides the bytes of a program. */
export async function programKey(program: Program, toolchain: string, repository: string) {
  const source = await readModule(join(repository, goFolder, program.dir));
  return { program, source, toolchain };
}

/**
 * Compiles one program in the build root with the locked toolchain: static, no paths, no VCS stamp,
 * so that the bytes depend on the toolchain, go.sum and the source only.
 * @returns output name → file, and under `moduleList` what the linker recorded in them.
 * @throws CpiabError E3003 with the first compiler error and the log's path.
 */
export async function compileProgram(
  program: Program,
  toolchain: GoToolchain,
  host: BuildHost,
): Promise<{ files: Record<string, CachedFile>; cached: boolean }> {
  const key = await programKey(program, toolchain.key, host.repository);
  return await host.cache.files('go', key, async (scratch) => {
    const go = goRunner(program, toolchain, host, scratch);
    const phase = (name: Phase) => host.progress({ type: 'progress', id: `go/${program.name}`, phase: name });
    phase('download');
    await go(['mod', 'download']);
    phase('compile');
    const made: Record<string, string> = {};
    for (const output of program.outputs) {
      await go(['build', ...buildFlags(program), '-o', `/out/${output.bin}`, output.package]);
      made[output.bin] = join(scratch, output.bin);
    }
    const { stdout } = await go(['version', '-m', ...program.outputs.map(({ bin }) => `/out/${bin}`)]);
    made[moduleList] = join(scratch, moduleList);
    await writeAtomic(made[moduleList], stdout);
    return made;
  });
}

/** Reads what `go version -m` said of a program's binaries: the modules that the linker put in. */
export async function linkedModules(list: CachedFile): Promise<{ module: string; version: string }[]> {
  return readModules(await readFile(list.path, 'utf8'))
    .filter(({ main }) => !main)
    .map(({ name, version }) => ({ module: name, version }));
}

/** Their licences, by `module@version`. Nothing is compiled for it. */
export async function linkedLicences(
  program: Program,
  modules: GoModule[],
  toolchain: GoToolchain,
  host: BuildHost,
): Promise<GoLicences> {
  return await goLicences(host.cache, modules, toolchain.modules, async (scratch) => {
    await goRunner(program, toolchain, host, scratch)(['mod', 'download']);
  });
}

function goRunner(program: Program, toolchain: GoToolchain, host: BuildHost, scratch: string) {
  return async (args: string[]) => {
    try {
      return await toolchain.sandbox.run(['go', ...args], {
        binds: [
          ...toolchain.binds,
          { source: join(host.repository, goFolder, program.dir), target: '/src', write: false },
          { source: scratch, target: '/out', write: true },
        ],
        cwd: '/src',
        env: toolchain.env,
        network: true,
        signal: host.signal,
      });
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      const log = await host.writeLog(`go-${program.name}`, error.stderr);
      throw new CpiabError('E3003', {
        subject: program.name,
        args: [firstError(error.stderr), log],
        cause: error,
      });
    }
  };
}

function buildFlags(program: Program): string[] {
  const variables = Object.entries(program.variables).map(([name, value]) => `-X ${name}=${value}`);
  return [
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    ...(program.tags.length > 0 ? ['-tags', program.tags.join(',')] : []),
    ...['-ldflags', ['-s', '-w', ...variables].join(' ')],
  ];
}

/** Content of the module's own files: they decide what is compiled. */
async function readModule(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name)).toSorted();
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')]),
  );
  return Object.fromEntries(texts);
}

/** What the go command says beside errors: the package that a list of errors is about, and what it fetches. */
const NO_ERROR = /^\s*$|^# |^go: (downloading|extracting|finding|warning:)/;

/** The first line of a compiler's or module loader's output that says what is wrong. */
export function firstError(output: string): string {
  return (
    output
      .split('\n')
      .find((line) => !NO_ERROR.test(line))
      ?.trim() ?? 'no output'
  );
}
