import { join } from 'node:path';
import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { run } from '../../host/process.ts';
import { openBuildRoot } from '../fetch/build-root.ts';
import { goFolder, readPrograms } from '../fetch/programs.ts';
import { goToolchain } from '../fetch/toolchain.ts';
import type { BuildHost } from '../host.ts';
import { openRegistries } from '../registry/registries.ts';
import { listTags, newerTag } from '../registry/tags.ts';
import { driftBetween } from './drift.ts';
import { resolveLock } from './resolve.ts';
import { readReference } from './upstream.ts';

/** Something locked of which there is a newer one. */
export interface Newer {
  kind: 'package' | 'image' | 'module' | 'node';
  name: string;
  locked: string;
  newest: string;
}

/** Asks every source what newer there is. Changes nothing. */
export async function findNewer(site: Site, lock: Lock, host: BuildHost): Promise<Newer[]> {
  return [
    ...(await newerPackages(site, lock, host)),
    ...(await newerImages(site, lock, host)),
    ...(await newerModules(site, lock, host)),
    ...(await newerNode(lock, host)),
  ];
}

/** What `cpiab lock` would take now. A tag that moved is a newer image too. */
async function newerPackages(site: Site, lock: Lock, host: BuildHost): Promise<Newer[]> {
  return driftBetween(lock, await resolveLock(site, host)).flatMap(({ kind, what, was, is }) =>
    (kind === 'package' || kind === 'image') && was !== null && is !== null
      ? [{ kind, name: what, locked: was, newest: is }]
      : [],
  );
}

async function newerImages(site: Site, lock: Lock, host: BuildHost): Promise<Newer[]> {
  const registries = openRegistries(site, host.repository, host.signal);
  try {
    const found: Newer[] = [];
    for (const { reference } of lock.upstream) {
      const { host: name, repository, tag = '' } = readReference(reference);
      const newest = newerTag(tag, await listTags(await registries.of(name), repository));
      if (newest !== null) found.push({ kind: 'image', name: `${name}/${repository}`, locked: tag, newest });
    }
    return found;
  } finally {
    await registries.close();
  }
}

/** The modules that programs.yaml names, as the Go command finds them. */
async function newerModules(site: Site, lock: Lock, host: BuildHost): Promise<Newer[]> {
  if (lock.go.length === 0) return [];
  const { sandbox } = await openBuildRoot(site, lock, host);
  const toolchain = await goToolchain(sandbox, host);
  const found: Newer[] = [];
  for (const program of await readPrograms(host.repository)) {
    const modules = program.modules.map(({ module }) => module);
    const format = '{{.Path}} {{.Version}} {{with .Update}}{{.Version}}{{end}}';
    const { stdout } = await sandbox.run(['go', 'list', '-mod=mod', '-m', '-u', '-f', format, ...modules], {
      binds: [
        ...toolchain.binds,
        { source: join(host.repository, goFolder, program.dir), target: '/src', write: false },
      ],
      cwd: '/src',
      env: toolchain.env,
      network: true,
      signal: host.signal,
    });
    for (const line of stdout.split('\n')) {
      const [name = '', locked = '', newest = ''] = line.trim().split(' ');
      if (newest !== '') found.push({ kind: 'module', name, locked, newest });
    }
  }
  return found;
}

async function newerNode({ node }: Lock, { signal }: BuildHost): Promise<Newer[]> {
  const { stdout } = await run(['npm', 'view', node.package, 'version'], { signal });
  const newest = stdout.trim();
  const older = newerTag(node.version, [newest]) !== null;
  return older ? [{ kind: 'node', name: node.package, locked: node.version, newest }] : [];
}
