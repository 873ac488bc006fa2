import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../../host/process.ts';
import type { Outcome, Probe } from '../firewall/probe.ts';
import type { Order } from './inside-child.ts';

const script = join(import.meta.dirname, 'inside-child.ts');

/** A network namespace, with a process in it that does what it is told, one thing after another. */
export class Place {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  static async make(name: string): Promise<Place> {
    await run(['ip', 'netns', 'add', name]);
    const place = new Place(name);
    await place.ip('link set lo up');
    return place;
  }

  private constructor(name: string) {
    this.name = name;
    const [program = '', ...args] = this.inside([process.execPath, script]);
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('it has no output');
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  inside(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }

  /** @param words what follows `ip` on a command line. */
  async ip(words: string): Promise<void> {
    await run(['ip', '-n', this.name, ...words.split(' ')]);
  }

  async set(key: string, value: string): Promise<void> {
    await run(this.inside(['sysctl', '--quiet', `${key}=${value}`]));
  }

  async nft(input: string): Promise<void> {
    await run(this.inside(['nft', '--file', '-']), { input });
  }

  async listen(tcp: number[], udp: number[]): Promise<void> {
    await this.#order({ do: 'listen', tcp, udp });
  }

  async probe(probes: Probe[]): Promise<Outcome[]> {
    return (await this.#order({ do: 'probe', probes })) as Outcome[];
  }

  async call(order: Omit<Order & { do: 'call' }, 'do'>): Promise<{ status: number; text: string }> {
    return (await this.#order({ do: 'call', ...order })) as { status: number; text: string };
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await run(['ip', 'netns', 'delete', this.name]).catch(() => {});
  }

  #order(order: Order): Promise<unknown> {
    const answered = this.#last.then(async () => {
      this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`nobody answers in ${this.name}`);
      return JSON.parse(value) as unknown;
    });
    this.#last = answered.catch(() => {});
    return answered;
  }
}
