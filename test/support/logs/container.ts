import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { parseDocument } from 'yaml';

/** What is read of a Deployment or DaemonSet with one container. */
interface Workload {
  spec: {
    template: {
      spec: {
        securityContext: { runAsUser: number; runAsGroup: number };
        containers: {
          args: string[];
          env?: { name: string; value?: string }[];
          volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
        }[];
      };
    };
  };
}

export interface ContainerOptions {
  /** File of the workload. */
  manifest: string;
  /** The program, static. */
  program: string;
  /** Directory here of each volume. */
  volumes: Record<string, string>;
  /** Put after those of the manifest. */
  args: string[];
  /** Instead of what the manifest takes from Kubernetes. */
  env: Record<string, string>;
}

/**
 * A static program as its workload's only container has it: user, group, arguments, variables, volumes, and else
 * an empty root that nobody writes to. Its network is this machine's. Files have their real owner where root tests.
 */
export class Container {
  readonly #options: ContainerOptions;
  #bwrap: ChildProcess | undefined;
  #pid = 0;
  #said = '';

  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const argv = await this.#command();
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#bwrap = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#said = `${this.#said}${chunk}`.slice(-4000);
      });
    const info = (await json(child.stdio[3] as Readable).catch(() => null)) as { 'child-pid': number } | null;
    if (info === null) throw new Error(`bwrap: ${this.#said}`);
    this.#pid = info['child-pid'];
  }

  /** What it said last, and whether it still runs, for a test that waits in vain. */
  get state(): string {
    return `${basename(this.#options.program)}, exit status ${this.#bwrap?.exitCode}: ${this.#said}`;
  }

  get ended(): boolean {
    return this.#bwrap === undefined || this.#bwrap.exitCode !== null || this.#bwrap.signalCode !== null;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#bwrap;
    if (child === undefined || this.ended) return;
    const ended = once(child, 'exit');
    process.kill(this.#pid, signal);
    await ended;
  }

  async #command(): Promise<string[]> {
    const { manifest, program, volumes, args, env } = this.#options;
    const workload = parseDocument(await readFile(manifest, 'utf8')).toJS() as Workload;
    const { securityContext, containers } = workload.spec.template.spec;
    const [container] = containers;
    if (container === undefined) throw new Error(`${manifest} has no container`);
    const [user, group] = [String(securityContext.runAsUser), String(securityContext.runAsGroup)];
    const inside = `/usr/bin/${basename(program)}`;
    await chmod(program, 0o755);
    const mounts = container.volumeMounts.flatMap(({ name, mountPath, readOnly }) => [
      readOnly === true ? '--ro-bind' : '--bind',
      volumes[name] ?? '',
      mountPath,
    ]);
    const told = container.env?.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
    const variables = [...(told ?? []), ...Object.entries(env)].flatMap((pair) => ['--setenv', ...pair]);
    return [
      ...(process.getuid?.() === 0 ? ['setpriv', '--reuid', user, '--regid', group, '--clear-groups'] : []),
      ...['bwrap', '--unshare-user', '--uid', user, '--gid', group, '--die-with-parent', '--info-fd', '3'],
      ...['--clearenv', ...variables, '--proc', '/proc', '--dev', '/dev', '--ro-bind', program, inside],
      ...[...mounts, '--remount-ro', '/', '--', inside, ...container.args, ...args],
    ];
  }
}
