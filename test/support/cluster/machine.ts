import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../../agent/until.ts';
import { type RunOptions, type RunResult, run } from '../../../host/process.ts';

/** Gives a process its own /etc, /var/lib and /usr/local over the host's, then waits for its standard input to end. */
const BOOT = `set -e
for at in etc var/lib usr/local; do
  mkdir -p "$1/$at" "$1/work/$at"
  mount -t overlay overlay -o "lowerdir=/$at,upperdir=$1/$at,workdir=$1/work/$at" "/$at"
done
echo up
exec cat`;

/**
 * A machine made of namespaces: network, mounts and processes of its own. It ends, with every process in
 * it at once, when it is switched off, or when this process ends for whatever reason.
 */
export class Machine {
  readonly name: string;
  /** Its files, which outlive it: `etc`, `var/lib` and `usr/local`. */
  readonly disk: string;
  readonly #network: string;
  #holder: ChildProcess | undefined;
  #init = '';

  constructor(name: string, network: string, disk: string) {
    this.name = name;
    this.disk = disk;
    this.#network = network;
  }

  get isOn(): boolean {
    return this.#holder !== undefined;
  }

  async switchOn(): Promise<void> {
    await mkdir(this.disk, { recursive: true });
    const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const argv = ['netns', 'exec', this.#network, ...unshare, 'sh', '-c', BOOT, 'sh', this.disk];
    const holder = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#holder = holder;
    await Promise.race([once(holder.stdout, 'data'), failed(holder, this.name)]);
    const children = await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8');
    this.#init = children.trim();
  }

  /** Ends every process of it with SIGKILL: that is what the kernel does when the first one of a PID namespace ends. */
  async switchOff(): Promise<void> {
    const holder = this.#holder;
    if (holder === undefined) return;
    this.#holder = undefined;
    const exited = once(holder, 'exit');
    process.kill(Number(this.#init), 'SIGKILL');
    await exited;
  }

  /** The command that runs another inside. */
  inside(argv: readonly string[]): string[] {
    return ['nsenter', '--target', this.#init, '--mount', '--net', '--pid', ...argv];
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await run(this.inside(argv), options);
  }

  /** What a path is inside while it is on, with all that is mounted there. */
  inner(path: string): string {
    return `/proc/${this.#init}/root${path}`;
  }

  path(...names: string[]): string {
    return join(this.disk, ...names);
  }

  async waitFor(what: () => Promise<boolean>, seconds: number): Promise<void> {
    await until(what, AbortSignal.timeout(seconds * 1000));
  }
}

async function failed(child: ChildProcess, name: string): Promise<never> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [status] = await once(child, 'exit');
  throw new Error(`${name} does not start, status ${status}: ${said.trim()}`);
}
