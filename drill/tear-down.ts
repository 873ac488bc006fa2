import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../host/process.ts';
import { closeNetwork } from './netns/network.ts';
import type { World } from './world.ts';

const GRACE_MS = 5000;

/** Takes away both banks: every process in their namespaces, the namespaces, and what hosts kept. Evidence stays. */
export async function tearDown(world: World): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pids = await processesOf(world);
    for (const pid of pids) end(pid, signal);
    await gone(pids);
  }
  await closeNetwork(world);
  for (const mount of await mountsOf(world)) await run(['umount', mount]);
  await rm(world.work, { recursive: true, force: true, maxRetries: 5 });
}

/** One may end by itself, or with another, just then. */
function end(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** By the namespaces that they are in, which no process leaves by itself. */
async function processesOf(world: World): Promise<number[]> {
  const { stdout } = await run(['ip', 'netns', 'list']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  const own = names.filter((name) => name.startsWith(`cpiab-drill-${world.id}-`));
  const listed = await Promise.all(own.map((name) => run(['ip', 'netns', 'pids', name])));
  return listed.flatMap((each) =>
    each.stdout
      .split('\n')
      .filter((pid) => pid !== '')
      .map(Number),
  );
}

async function gone(pids: readonly number[]): Promise<void> {
  const end = Date.now() + GRACE_MS;
  const isAlive = (pid: number) =>
    readFile(join('/proc', String(pid), 'stat')).then(
      () => true,
      () => false,
    );
  while (Date.now() < end) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function mountsOf({ work }: World): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${work}/`));
}
