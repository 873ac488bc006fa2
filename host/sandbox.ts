import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CpiabError } from '../contract/errors.ts';
import { ProcessError, type RunOptions, type RunResult, run } from './process.ts';

/** A directory or file of this machine that a sandboxed program sees. */
export interface Bind {
  /** Absolute path here. */
  source: string;
  /** Absolute path in the sandbox. */
  target: string;
  write: boolean;
}

export interface SandboxOptions
  extends Pick<RunOptions, 'signal' | 'timeoutMs' | 'onLine' | 'input' | 'maxOutput'> {
  binds?: Bind[];
  cwd?: string;
  /** The whole environment: nothing of this process's own passes. */
  env?: Record<string, string>;
  /** Whether the program may use the network; not unless told. */
  network?: boolean;
  /** Whether the program may mount, chroot and give files to any user, below what is bound; not unless told. */
  system?: boolean;
}

/** A root file system in which tools run isolated from this machine. */
export interface Sandbox {
  /** Decides what its tools do: digest of the packages it was made from. */
  key: string;
  run(argv: readonly string[], options?: SandboxOptions): Promise<RunResult>;
}

/** What name resolution and TLS need of this machine, when a program may use the network. */
const NETWORK_FILES = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/ssl/certs'];

/**
 * A sandbox by bubblewrap: what the root holds is read-only, what is written beside it is gone at the end,
 * /tmp and home are private, processes and IPC separate,
 * user root inside. Needs root or unprivileged user namespaces.
 * @param root directory of the root file system.
 */
export function bubblewrap(root: string, key: string): Sandbox {
  return {
    key,
    run: async (argv, options = {}) => {
      const { binds = [], cwd = '/', env = {}, network = false, system = false, ...rest } = options;
      const command = [
        ...users(system),
        ...isolation(root, network),
        ...binds.flatMap(bindArguments),
        '--chdir',
        cwd,
        ...variables(env),
      ];
      return await run([...command, '--', ...argv], rest).catch((error: unknown) => {
        // A root without the program is no lack of isolation.
        if (error instanceof ProcessError && /^bwrap: (?!execvp)/.test(error.stderr)) {
          throw new CpiabError('E4010', {
            subject: argv[0] ?? '',
            args: [firstLine(error.stderr)],
            cause: error,
          });
        }
        throw error;
      });
    },
  };
}

/**
 * One user suffices for most tools. A system has more: root has them all; others map theirs by
 * /etc/subuid (newuidmap(1)).
 */
function users(system: boolean): string[] {
  if (!system) return ['bwrap', '--unshare-user', '--uid', '0', '--gid', '0'];
  const mapped = process.getuid?.() === 0 ? [] : ['unshare', '--user', '--map-root-user', '--map-auto', '--'];
  return [...mapped, 'bwrap', '--cap-add', 'ALL'];
}

function isolation(root: string, network: boolean): string[] {
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...(network ? [] : ['--unshare-net']),
    ...['--die-with-parent', '--new-session', '--hostname', 'build'],
    ...rootEntries(root, '/', ['dev', 'etc', 'proc', 'run', 'sys', 'tmp']),
    ...rootEntries(
      root,
      '/etc',
      network ? NETWORK_FILES.map((path) => path.slice('/etc/'.length).split('/')[0]) : [],
    ),
    ...(network
      ? NETWORK_FILES.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path])
      : []),
    ...['--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
  ];
}

/** Binds a directory of the root entry by entry, so that mount points can be made beside them. */
function rootEntries(root: string, directory: string, without: (string | undefined)[]): string[] {
  const entries = readdirSync(join(root, directory), { withFileTypes: true });
  return entries
    .filter(({ name }) => !without.includes(name))
    .flatMap((entry) => {
      const target = join(directory, entry.name);
      const source = join(root, target);
      return entry.isSymbolicLink()
        ? ['--symlink', readlinkSync(source), target]
        : ['--ro-bind', source, target];
    });
}

function bindArguments({ source, target, write }: Bind): string[] {
  return [write ? '--bind' : '--ro-bind', source, target];
}

function variables(env: Record<string, string>): string[] {
  const all = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env };
  return ['--clearenv', ...Object.entries(all).flatMap(([name, value]) => ['--setenv', name, value])];
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';
