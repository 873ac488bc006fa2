import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Machine } from './machine.ts';

interface StaticPod {
  spec: { containers: { command: string[]; env?: { name: string; value: string }[] }[] };
}

const LOOK_MS = 250;
const AGAIN_MS = 1000;

/**
 * Does with static pods what kubelet does, but without containers: starts each manifest's command as it
 * stands there, starts it again when it ends, and ends it when the manifest goes.
 */
export class StaticPods {
  readonly #machine: Machine;
  /** Directory of the links that the engine shows to kubelet. */
  readonly #staged: () => string;
  readonly #running = new Map<string, ChildProcess>();
  #ended = false;
  #loop: Promise<void> | undefined;

  constructor(machine: Machine, staged: () => string) {
    this.#machine = machine;
    this.#staged = staged;
  }

  start(): void {
    this.#ended = false;
    this.#loop = this.#watch();
  }

  /** Stops looking after them; the machine's end is theirs. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#loop;
    this.#running.clear();
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      const wanted: string[] = await readdir(this.#staged()).catch(() => []);
      const fresh = wanted.filter((name) => !this.#running.has(name));
      for (const name of fresh) await this.#begin(name);
      const gone = [...this.#running].filter(([name]) => !wanted.includes(name));
      for (const [, child] of gone) child.kill('SIGTERM');
      await sleep(LOOK_MS);
    }
  }

  async #begin(name: string): Promise<void> {
    const manifest = this.#machine.path('etc', 'kubernetes', 'manifests', name);
    const text = await readFile(manifest, 'utf8').catch(() => '');
    const container = (parse(text) as StaticPod | null)?.spec.containers[0];
    if (container === undefined) return;
    const env = container.env?.map((variable) => `${variable.name}=${variable.value}`) ?? [];
    const log = openSync(this.#machine.path(`${basename(name, '.yaml')}.log`), 'a');
    const [program = '', ...args] = this.#machine.inside(['env', ...env, ...container.command]);
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    this.#running.set(name, child);
    child.once('exit', () => setTimeout(() => this.#running.delete(name), AGAIN_MS).unref());
  }
}
