import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import type { PlacedHost, World } from '../world.ts';
import { inside } from './command.ts';

export interface DaemonOptions {
  /** Runs it without the rights of root. */
  user?: string;
}

/** A program of a host that goes on when the drill's process ends, and is found again by the next one. */
export class Daemon {
  readonly #world: World;
  readonly #host: PlacedHost;
  readonly #name: string;

  constructor(world: World, host: PlacedHost, name: string = host.runs) {
    this.#world = world;
    this.#host = host;
    this.#name = name;
  }

  /** Starts it unless it runs. Source: start-stop-daemon(8). @param argv an absolute path first. */
  async start([program = '', ...args]: readonly string[], { user }: DaemonOptions = {}): Promise<void> {
    await ensureDirectory(this.#world.directory(this.#host));
    const own = ['--background', '--make-pidfile', '--output', this.#path('log')];
    const as = user === undefined ? [] : ['--chuid', user];
    await inside(this.#world.namespace(this.#host), [
      'start-stop-daemon',
      '--start',
      '--oknodo',
      '--quiet',
      ...this.#which(program),
      ...own,
      ...as,
      '--',
      ...args,
    ]);
  }

  /** Asks it to end, and ends it after five seconds. @param signal `KILL` is the power cut. */
  async stop(program: string, signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    const retry = signal === 'KILL' ? 'KILL/5' : 'TERM/5/KILL/5';
    const which = [...this.#which(program), '--remove-pidfile'];
    await run(['start-stop-daemon', '--stop', '--oknodo', '--quiet', '--retry', retry, ...which]);
  }

  /** Has it read its files again. */
  async reload(program: string): Promise<void> {
    await run(['start-stop-daemon', '--stop', '--quiet', '--signal', 'HUP', ...this.#which(program)]);
  }

  /** The end of what it has said. */
  async log(): Promise<string> {
    return (await readFile(this.#path('log'), 'utf8').catch(() => '')).slice(-2000);
  }

  #which(program: string): string[] {
    return ['--pidfile', this.#path('pid'), '--exec', program];
  }

  #path(suffix: string): string {
    return join(this.#world.directory(this.#host), `${this.#name}.${suffix}`);
  }
}
