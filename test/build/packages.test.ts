import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { readSite } from '../../builder/config/read-site.ts';
import { openBuildRoot } from '../../builder/fetch/build-root.ts';
import { compileProgram, linkedModules, moduleList, readPrograms } from '../../builder/fetch/programs.ts';
import { goToolchain } from '../../builder/fetch/toolchain.ts';
import { readLock } from '../../builder/lock/read.ts';
import { scanLayer } from '../../builder/packages/scan.ts';
import { cacheRoot } from '../../host/cache.ts';
import { freshDirectory } from '../support/fresh-directory.ts';
import { quietHost } from '../support/quiet-host.ts';

const repository = dirname(dirname(import.meta.dirname));
const path = freshDirectory();

test.each(['local-path-provisioner', 'kube'])(
  'the modules found in %s are those that Go itself reads from it',
  async (name) => {
    const host = quietHost(repository, cacheRoot());
    const site = await readSite(repository, 'lab');
    const { lock } = await readLock(repository, site);
    const root = await openBuildRoot(site, lock, host);
    const program = (await readPrograms(repository)).find((found) => found.name === name);
    if (program === undefined) throw new Error(`no program ${name}`);
    const { files } = await compileProgram(program, await goToolchain(root, host), host);
    const { [moduleList]: list, [name]: binary } = files;
    if (list === undefined || binary === undefined) throw new Error('nothing compiled');
    await copyFile(binary.path, path('program'));
    execFileSync('tar', [
      '--create',
      '--mode=755',
      '--file',
      path('layer.tar'),
      '--directory',
      path(),
      'program',
    ]);
    const found = (await scanLayer(createReadStream(path('layer.tar')))).files['program'] ?? [];
    const names = found.map((one) => `${one.name} ${one.version}`);
    const expected = (await linkedModules(list)).map(({ module, version }) => `${module} ${version}`);
    expect(expected.length).toBeGreaterThan(20);
    // Go's list of what was linked in leaves out the program's own module and the standard library.
    const own = /^(?:cpiab\.dev\/|stdlib )/;
    const itself = program.modules.map(({ module, version }) => `${module} ${version}`);
    const others = names.filter((one) => !own.test(one) && (expected.includes(one) || !itself.includes(one)));
    expect(others.toSorted()).toEqual([...new Set(expected)].toSorted());
  },
);
