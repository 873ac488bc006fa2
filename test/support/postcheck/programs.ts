import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dropReasonNames } from '../../../contract/firewall.ts';

/** Programs that run until they are told to end. */
export class Programs {
  readonly #running: ChildProcess[] = [];

  start([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    const child = spawn(program, args, { stdio: 'ignore', env });
    this.#running.push(child);
    return child;
  }

  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async endAll(): Promise<void> {
    for (const child of this.#running) await this.end(child);
  }
}

/**
 * What of a box this machine does not have: the counters of the firewall, and the registry's log. Programs of the same
 * names print what the test has written, in the form of the real ones.
 */
export class BoxPrograms {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async write(): Promise<void> {
    for (const name of ['nft', 'journalctl']) {
      const path = join(this.#directory, name);
      await writeFile(path, `#!/bin/sh\nexec cat "$0.txt"\n`);
      await chmod(path, 0o755);
    }
    await this.dropped(0);
    await this.registryLog([]);
  }

  async dropped(egress: number): Promise<void> {
    const counter = (name: string) => ({ name, packets: name === 'egress' ? egress : 0 });
    const nftables = dropReasonNames.map((name) => ({ counter: counter(name) }));
    await writeFile(join(this.#directory, 'nft.txt'), JSON.stringify({ nftables }));
  }

  async registryLog(lines: readonly object[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(this.#directory, 'journalctl.txt'), text);
  }
}
