import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { z } from 'zod';
import { until } from '../../../agent/until.ts';
import type { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';
import type { Host, Inventory } from '../../../contract/inventory.ts';
import { run } from '../../../host/process.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));

/** A command that goes on. */
interface Watched {
  /** Waits for a line of it. */
  until(line: RegExp): Promise<void>;
  /** Ends it as Ctrl-C does. */
  end(): Promise<void>;
}

/** A box's discovery in a namespace, asked through the real command line. */
export class DiscoveringBox {
  readonly #namespace: string;
  readonly #root: string;
  #child: ChildProcess | undefined;
  #address = '';
  readonly #watching = new Set<ChildProcess>();

  /** @param root a directory of its own: what is kept there outlives the process. */
  constructor(namespace: string, root: string) {
    this.#namespace = namespace;
    this.#root = root;
  }

  async start(policy: z.input<typeof DiscoverPolicySchema>): Promise<void> {
    const script = join(repository, 'test', 'support', 'discover', 'box-child.ts');
    const argv = [script, JSON.stringify(policy), join(this.#root, 'inventory'), join(this.#root, 'config')];
    const child = spawn('ip', ['netns', 'exec', this.#namespace, process.execPath, ...argv], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [line] = await once(child.stdout, 'data');
    this.#address = String(line).trim();
  }

  /** Where its API is. */
  get url(): string {
    return new URL('/', this.#address).href.slice(0, -1);
  }

  /** `ip netns exec` becomes the program that it starts. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What `cpiab discover` prints. */
  async discover(...options: string[]): Promise<string> {
    return (await run(this.#command(options), { env: this.#env })).stdout;
  }

  /** `cpiab discover --watch`, as it goes on. */
  watch(): Watched {
    const [program = '', ...argv] = this.#command(['--watch']);
    const env = { ...process.env, ...this.#env };
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'], env });
    this.#watching.add(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const closed = once(child, 'close');
    return {
      until: (line) =>
        until(() => line.test(said), AbortSignal.timeout(90_000)).catch(() => {
          throw new Error(`no line ${line} in: ${said}`);
        }),
      end: async () => {
        child.kill('SIGINT');
        expect(await closed).toEqual([130, null]);
      },
    };
  }

  #command(options: readonly string[]): string[] {
    const argv = [
      process.execPath,
      join(repository, 'cli', 'main.ts'),
      'discover',
      this.#address,
      ...options,
    ];
    return ['ip', 'netns', 'exec', this.#namespace, ...argv];
  }

  get #env(): Record<string, string> {
    return { XDG_CONFIG_HOME: join(this.#root, 'config') };
  }

  async inventory(): Promise<Inventory> {
    return JSON.parse(await this.discover('--json')) as Inventory;
  }

  /** Waits until the inventory is so. */
  async waitFor(isSo: (inventory: Inventory) => boolean, seconds = 60): Promise<Inventory> {
    let last: Inventory | undefined;
    await until(
      async () => {
        last = await this.inventory();
        return isSo(last);
      },
      AbortSignal.timeout(seconds * 1000),
    ).catch(() => {
      throw new Error(`not so after ${seconds} s: ${JSON.stringify(last)}`);
    });
    if (last === undefined) throw new Error('no inventory');
    return last;
  }

  /** @param signal SIGKILL is the power cut. */
  async stop(signal?: 'SIGKILL'): Promise<void> {
    for (const each of this.#watching) each.kill('SIGKILL');
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    if (signal === undefined) child.stdin?.end();
    else child.kill(signal);
    await gone;
  }
}

export const hostAt = ({ hosts }: Inventory, address: string): Host | undefined =>
  hosts.find(({ addresses }) => addresses.includes(address));
