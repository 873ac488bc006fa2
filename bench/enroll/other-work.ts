import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Contender } from './contender.ts';

/** Above this, times say more about the machine than about who answers. */
export const QUIET_SHARE = 0.1;

/** How busy the machine is, before anything is measured. */
export const loadText = () =>
  `load average ${loadavg()[0]?.toFixed(2)} of the last minute, ${availableParallelism()} processors`;

/** What others do while something is measured. */
export class OtherWork {
  readonly #contender: Contender;
  #before = { at: 0, ms: 0 };

  constructor(contender: Contender) {
    this.#contender = contender;
  }

  async begin(): Promise<void> {
    this.#before = { at: performance.now(), ms: await this.#othersMs() };
  }

  /** @returns their part of all processors since the beginning, 0 to 1. */
  async share(): Promise<number> {
    const ms = (await this.#othersMs()) - this.#before.ms;
    return Math.max(0, ms / ((performance.now() - this.#before.at) * cpus().length));
  }

  /** Of all processors, but what this program and who answers took. */
  async #othersMs(): Promise<number> {
    const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
    const { user, system } = process.cpuUsage();
    return busy - (user + system) / 1000 - (await this.#contender.usage()).cpuMs;
  }
}
