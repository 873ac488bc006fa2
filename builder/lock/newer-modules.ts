import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Newer } from '../../contract/outdated.ts';
import type { Program } from '../../contract/programs.ts';
import type { Site } from '../../contract/site.ts';
import { openBuildRoot } from '../fetch/build-root.ts';
import { readCarried } from '../fetch/carried.ts';
import { goFolder } from '../fetch/programs.ts';
import { type GoToolchain, goToolchain } from '../fetch/toolchain.ts';
import type { BuildHost } from '../host.ts';
import { together } from '../together.ts';

/** Path, locked version, newer version, what went wrong: of each module a line. */
const FORMAT = '{{.Path}}\t{{.Version}}\t{{with .Update}}{{.Version}}{{end}}\t{{with .Error}}{{.Err}}{{end}}';

/** The modules of a site's programs, each once, as the Go command finds them. @throws CpiabError E3002. */
export async function newerModules(site: Site, lock: Lock, host: BuildHost): Promise<Newer[]> {
  const toolchain = await goToolchain(await openBuildRoot(site, lock, host), host);
  const works = (await readCarried(host.repository, site)).programs.map(
    (program) => async (signal: AbortSignal) => await ofProgram(program, toolchain, { ...host, signal }),
  );
  const found = (await together(works, host.signal)).flat();
  const once = new Map(found.map((newer) => [`${newer.name} ${newer.locked}`, newer]));
  return [...once.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function ofProgram(program: Program, toolchain: GoToolchain, host: BuildHost): Promise<Newer[]> {
  const modules = program.modules.map(({ module }) => module);
  const command = ['go', 'list', '-e', '-mod=mod', '-m', '-u', '-f', FORMAT, ...modules];
  const { stdout } = await toolchain.sandbox.run(command, {
    binds: [
      ...toolchain.binds,
      { source: join(host.repository, goFolder, program.dir), target: '/src', write: false },
    ],
    cwd: '/src',
    env: toolchain.env,
    network: true,
    signal: host.signal,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): Newer[] => {
      const [name = '', locked = '', newest = '', error = ''] = line.split('\t');
      if (error !== '') throw new CpiabError('E3002', { subject: `module ${name}`, cause: new Error(error) });
      return newest === '' ? [] : [{ kind: 'module', name, locked, newest }];
    });
}
