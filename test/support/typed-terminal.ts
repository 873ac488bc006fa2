import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../host/process.ts';

/**
 * Holds a terminal open as long as script(1) runs, and gives it up as its own: who asks for a passphrase takes a console
 * as the terminal that controls it, which no other session may have. Source: ioctl_tty(2), TIOCNOTTY.
 */
const HOLD = `$SIG{HUP} = "IGNORE"; open T, "<", "/dev/tty"; ioctl T, 0x5422, 0; close T;
  $script = getppid; sleep 1 while getppid == $script`;

/** A terminal of script(1): what it is sent is typed there, and its output is what one would see. */
export class TypedTerminal {
  readonly path: string;
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;
  #screen = '';

  private constructor(path: string, holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.path = path;
    this.#holder = holder;
    holder.stdout.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString('utf8');
    });
  }

  static async open(): Promise<TypedTerminal> {
    const argv = ['--quiet', '--echo', 'always', '--command', `exec perl -e '${HOLD}'`, '/dev/null'];
    const holder = spawn('script', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    return new TypedTerminal(await terminalOf(holder.pid ?? 0), holder);
  }

  /** All that was shown so far. */
  get screen(): string {
    return this.#screen;
  }

  type(text: string): void {
    this.#holder.stdin.write(text);
  }

  async shows(text: string, times = 1): Promise<void> {
    while (this.#screen.split(text).length <= times) await sleep(20);
  }

  /** Its settings, as stty(1) names them; one with a hyphen is off. */
  async settings(): Promise<string[]> {
    return (await run(['stty', '-a', '-F', this.path])).stdout.split(/[\s;]+/);
  }

  async has(setting: string): Promise<void> {
    while (!(await this.settings()).includes(setting)) await sleep(20);
  }

  close(): void {
    this.#holder.kill('SIGKILL');
  }
}

/** The terminal that the one child of a process has. */
async function terminalOf(pid: number): Promise<string> {
  for (;;) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const path = await readlink(`/proc/${children.trim().split(' ')[0]}/fd/0`).catch(() => '');
    if (path.startsWith('/dev/pts/')) return path;
    await sleep(50);
  }
}
