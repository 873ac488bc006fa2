import { access, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureDirectory, syncDirectory, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import type { PlacedHost, World } from '../world.ts';
import { inside } from './command.ts';

export interface DaemonOptions {
  /** Runs it without the rights of root. */
  user?: string;
  env?: Record<string, string>;
}

/** What a machine starts by itself when its power is back: written before it is started, gone before it is stopped. */
interface Unit extends DaemonOptions {
  argv: readonly string[];
}

const UNIT = '.unit';

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
  async start(argv: readonly string[], options: DaemonOptions = {}): Promise<void> {
    await ensureDirectory(this.#world.directory(this.#host));
    const unit: Unit = { argv, ...options };
    await writeAtomic(this.#path(UNIT), JSON.stringify(unit));
    await this.#start(unit);
  }

  /** Starts all that a host was to run when its power went. */
  static async startAll(world: World, host: PlacedHost): Promise<void> {
    const names = await readdir(world.directory(host)).catch(() => []);
    for (const name of names.filter((one) => one.endsWith(UNIT))) {
      const daemon = new Daemon(world, host, basename(name, UNIT));
      const unit = JSON.parse(await readFile(daemon.#path(UNIT), 'utf8')) as Unit;
      await rm(daemon.#path('.pid'), { force: true });
      await daemon.#start(unit);
    }
  }

  /** Whether it was started and not stopped since. */
  async isWanted(): Promise<boolean> {
    return await access(this.#path(UNIT)).then(
      () => true,
      () => false,
    );
  }

  async #start({ argv: [program = '', ...args], user, env = {} }: Unit): Promise<void> {
    const own = ['--background', '--make-pidfile', '--output', this.#path('.log')];
    const as = user === undefined ? [] : ['--chuid', user];
    const argv = [
      'start-stop-daemon',
      '--start',
      '--oknodo',
      '--quiet',
      ...this.#which(program),
      ...own,
      ...as,
      '--',
      ...args,
    ];
    await inside(this.#world.namespace(this.#host), argv, { env });
  }

  /** Asks it to end, and ends it after five seconds. @param signal `KILL` is the power cut. */
  async stop(program: string, signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await rm(this.#path(UNIT), { force: true });
    await syncDirectory(this.#world.directory(this.#host)).catch(unlessAbsent);
    const retry = signal === 'KILL' ? 'KILL/5' : 'TERM/5/KILL/5';
    const which = [...this.#which(program), '--remove-pidfile'];
    await run(['start-stop-daemon', '--stop', '--oknodo', '--quiet', '--retry', retry, ...which]);
  }

  /** Has it read its files again. */
  async reload(program: string): Promise<void> {
    await run(['start-stop-daemon', '--stop', '--quiet', '--signal', 'HUP', ...this.#which(program)]);
  }

  #which(program: string): string[] {
    return ['--pidfile', this.#path('.pid'), '--exec', program];
  }

  #path(suffix: string): string {
    return join(this.#world.directory(this.#host), `${this.#name}${suffix}`);
  }
}

/** What was never started has no directory. */
function unlessAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
