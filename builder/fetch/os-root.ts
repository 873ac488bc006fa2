import { createHash } from 'node:crypto';
import { chmod, glob, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { DebianPackage, Lock } from '../../contract/lock.ts';
import { tracked } from '../../contract/progress.ts';
import type { CachedFile } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import { ProcessError } from '../../host/process.ts';
import type { Bind, Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import { moduleFromTar } from '../image/module.ts';
import { type DebStore, packagesOf } from './debs.ts';
import type { BoxParts } from './parts.ts';

/** Users that tools look up by name; the build root has no others, as no maintainer script made any. */
const USERS = 'root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n';
const GROUPS = 'root:x:0:\nnogroup:x:65534:\n';

type Keyed = Pick<Assembly, 'lock' | 'host'> & { sandbox: Pick<Sandbox, 'key'> };

interface Assembly {
  lock: Lock;
  debs: DebStore;
  sandbox: Sandbox;
  host: BuildHost;
}

/**
 * Assembles the box's OS from the `os` package set: first the packages, by Debian's own tools
 * (images/os/base.sh), then our files, units and initramfs (images/os/finish.sh). Each half is made
 * again only when what it is made of changed.
 * @returns also the first half, a tar.
 */
export async function assembleOs(
  lock: Lock,
  debs: DebStore,
  sandbox: Sandbox,
  host: BuildHost,
): Promise<{ os: BoxParts['os']; base: CachedFile }> {
  const assembly = { lock, debs, sandbox, host };
  const packages = debs.set('os');
  const base = await tracked(
    host.progress,
    { id: 'os-base', title: `OS of ${packages.length} packages`, phase: 'assemble' },
    () => installPackages(assembly, packages),
    ({ cached }) => ({ cached }),
  );
  const { files } = await tracked(
    host.progress,
    { id: 'os', title: 'OS module and initramfs', phase: 'assemble' },
    () => finish(assembly, base.files.base),
    ({ cached }) => ({ cached }),
  );
  return { os: files, base: base.files.base };
}

/** Files below images/os that each half reads. */
const BASE_FILES = ['base.sh', 'excludes'];
const FINISH_FILES = ['finish.sh', 'customize.sh', 'files/**', 'initramfs/**'];

async function installPackages(assembly: Assembly, packages: DebianPackage[]) {
  const { debs, host } = assembly;
  const include = packages.map(({ name }) => name);
  const key = await baseKey(assembly, packages);
  return await host.cache.files('os-base', key, async (scratch) => {
    const repository = join(scratch, 'repo');
    await mkdir(repository);
    for (const deb of packages)
      await linkOrCopy(debs.file(deb.name).path, join(repository, basename(deb.path)));
    const digests = packages.map(({ path, sha256, size }) => `${basename(path)} ${sha256} ${size}\n`);
    await writeFile(join(repository, 'digests'), digests.join(''));
    await runScript(assembly, 'base.sh', scratch, {
      env: { INCLUDE: include.join(',') },
      binds: [{ source: repository, target: '/repo', write: true }],
    });
    return { base: join(scratch, 'base.tar') };
  });
}

async function finish(assembly: Assembly, base: CachedFile) {
  const { host, lock, sandbox } = assembly;
  const key = await finishKey(assembly, base);
  return await host.cache.files('os', key, async (scratch) => {
    await runScript(assembly, 'finish.sh', scratch, {
      binds: [{ source: base.path, target: '/base.tar', write: false }],
    });
    const tar = join(scratch, 'root.tar');
    const module = await moduleFromTar(sandbox, { tar, epoch: lock.epoch, scratch, signal: host.signal });
    return { module, kernel: join(scratch, 'vmlinuz'), initrd: join(scratch, 'initrd.img') };
  });
}

const baseKey = async (keyed: Keyed, packages: DebianPackage[]) => ({
  ...(await scriptKey(keyed, BASE_FILES)),
  packages: packages.map(({ sha256 }) => sha256),
});

const finishKey = async (keyed: Keyed, base: CachedFile) => ({
  ...(await scriptKey(keyed, FINISH_FILES)),
  base: base.sha256,
});

/** Ids of the halves that the cache lacks. @param tools the build root's key. */
export async function missingOsParts(lock: Lock, tools: string, host: BuildHost): Promise<string[]> {
  const keyed = { lock, host, sandbox: { key: tools } };
  const base = await host.cache.peek('os-base', await baseKey(keyed, packagesOf(lock, 'os')));
  if (base?.['base'] === undefined) return ['os-base', 'os'];
  return (await host.cache.peek('os', await finishKey(keyed, base['base']))) === null ? ['os'] : [];
}

/** What decides a half's result beside its input: the scripts' content and modes, the tools, the clock. */
async function scriptKey({ host, lock, sandbox }: Keyed, patterns: string[]) {
  const folder = join(host.repository, 'images', 'os');
  const files: Record<string, string> = {};
  for await (const entry of glob(patterns, { cwd: folder, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isFile()) files[name] = await digest(path);
    // A link is what it says, whether or not there is anything.
    if (entry.isSymbolicLink()) files[name] = `-> ${await readlink(path)}`;
  }
  return { files, tools: sandbox.key, epoch: lock.epoch };
}

/** Content, and the one bit of the mode that Git keeps. */
async function digest(path: string): Promise<string> {
  const runs = ((await stat(path)).mode & 0o100) !== 0 ? 'x' : '-';
  return (
    runs +
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  );
}

const isError = (line: string) => /^(E:|tar:|chroot:|\S+\.sh:)/.test(line);

/** Runs a script of images/os in the build root, as the root of a whole system; all it writes is in `scratch`. */
async function runScript(
  { host, lock, sandbox }: Assembly,
  script: string,
  scratch: string,
  { env = {}, binds }: { env?: Record<string, string>; binds: Bind[] },
): Promise<void> {
  const log: string[] = [];
  await writeFile(join(scratch, 'passwd'), USERS);
  await writeFile(join(scratch, 'group'), GROUPS);
  // mmdebstrap's own scratch directory must be open to the users it works as.
  await chmod(scratch, 0o755);
  try {
    await sandbox.run(['/bin/sh', `/os/${script}`], {
      system: true,
      env: { SOURCE_DATE_EPOCH: String(lock.epoch), TMPDIR: '/work', ...env },
      binds: [
        { source: join(host.repository, 'images', 'os'), target: '/os', write: false },
        { source: join(scratch, 'passwd'), target: '/etc/passwd', write: false },
        { source: join(scratch, 'group'), target: '/etc/group', write: false },
        { source: scratch, target: '/work', write: true },
        ...binds,
      ],
      onLine: (line) => log.push(line),
      signal: host.signal,
    });
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    const path = await host.writeLog(`os-${script}`, `${log.join('\n')}\n`);
    throw new CpiabError('E3004', {
      subject: `images/os/${script}`,
      args: [log.findLast(isError) ?? cause.message, path],
      cause,
    });
  }
}
