import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** What some work took. */
export interface Spent {
  ms: number;
  /** Of all processors, by this process and those that it started. */
  cpuMs: number;
  /** Part of all processors that others had meanwhile, 0 to 1. */
  others: number;
}

/** @param work whose processes have all ended with it. */
export async function timed(work: () => Promise<unknown>): Promise<Spent> {
  const before = { at: performance.now(), own: await ownMs(), all: allMs() };
  await work();
  const ms = performance.now() - before.at;
  const cpuMs = (await ownMs()) - before.own;
  return { ms, cpuMs, others: Math.max(0, (allMs() - before.all - cpuMs) / (ms * cpus().length)) };
}

/** utime, stime, cutime and cstime, in ticks of 10 ms. Source: proc_pid_stat(5). */
async function ownMs(): Promise<number> {
  const text = await readFile('/proc/self/stat', 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
}

const allMs = () =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
