import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../host/process.ts';

const GRACE_MS = 5000;

/** Processes in namespaces, which none leaves by itself. */
async function processesIn(namespaces: readonly string[]): Promise<number[]> {
  const listed = await Promise.all(namespaces.map((name) => run(['ip', 'netns', 'pids', name])));
  return listed.flatMap(({ stdout }) => stdout.split('\n').filter((pid) => pid !== '')).map(Number);
}

/** Ends every process in namespaces, and waits five seconds for it. @returns whether none is left. */
export async function endAll(namespaces: readonly string[], signal: 'SIGTERM' | 'SIGKILL'): Promise<boolean> {
  const until = Date.now() + GRACE_MS;
  const pids = await processesIn(namespaces);
  for (const pid of pids) end(pid, signal);
  while (Date.now() < until) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) break;
    await sleep(100);
  }
  return (await processesIn(namespaces)).length === 0;
}

/** One may end by itself, or with another, just then. */
function end(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const isAlive = (pid: number): Promise<boolean> =>
  access(join('/proc', String(pid))).then(
    () => true,
    () => false,
  );
