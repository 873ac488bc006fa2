import { readFile, rm } from 'node:fs/promises';
import { run } from '../host/process.ts';
import { closeNetwork, namespacesOf } from './netns/network.ts';
import { endAll } from './netns/processes.ts';
import type { World } from './world.ts';

/**
 * Takes away both banks: every process in their namespaces, what hosts kept, and the namespaces, by which a process that
 * comes after one that was killed sees that there is still something to take away. Evidence stays.
 */
export async function tearDown(world: World): Promise<void> {
  const own = await namespacesOf(world);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) await endAll(own, signal);
  // What is mounted on another was mounted after it.
  for (const mount of (await mountsOf(world)).toReversed()) await run(['umount', mount]);
  await rm(world.work, { recursive: true, force: true, maxRetries: 5 });
  await closeNetwork(world);
}

async function mountsOf({ work }: World): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${work}/`));
}
