import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the kernel tells of memory; other directories are for tests. */
export interface MemoryFiles {
  proc: string;
  cgroup: string;
}

const SYSTEM: MemoryFiles = { proc: '/proc', cgroup: '/sys/fs/cgroup' };

/** Bytes that this process and its children can still get, without and with swap. */
export interface Memory {
  available: number;
  withSwap: number;
}

/** What the machine has left, or what the control group may still take, whichever is less. */
export async function availableMemory(files: MemoryFiles = SYSTEM): Promise<Memory> {
  const meminfo = await readFile(join(files.proc, 'meminfo'), 'utf8');
  const [available, swap] = [kibibytes(meminfo, 'MemAvailable'), kibibytes(meminfo, 'SwapFree')];
  const limit = await groupLeft(files);
  return { available: Math.min(available, limit), withSwap: Math.min(available + swap, limit) };
}

/** Source: proc_meminfo(5). */
function kibibytes(meminfo: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
}

/** The least that a group on the way to the root leaves, infinite when none has a limit. */
async function groupLeft({ proc, cgroup }: MemoryFiles): Promise<number> {
  const lines = (await readFile(join(proc, 'self', 'cgroup'), 'utf8').catch(() => '')).split('\n');
  const limits = await Promise.all(
    lines.map(async (line) => {
      const [, controllers = '', path = '/'] = line.split(':');
      if (line.startsWith('0::')) return await leastOnWay(cgroup, path, VERSION_2);
      const own = controllers.split(',').includes('memory');
      return own ? await leastOnWay(join(cgroup, 'memory'), path, VERSION_1) : Number.POSITIVE_INFINITY;
    }),
  );
  return Math.min(...limits, Number.POSITIVE_INFINITY);
}

/** Names of a group's files. Sources: kernel documentation, cgroup-v2.rst and cgroup-v1/memory.rst. */
interface GroupFiles {
  limit: string;
  used: string;
  /** Of memory.stat: what the kernel gives back when asked. */
  cache: string;
}
const VERSION_2: GroupFiles = { limit: 'memory.max', used: 'memory.current', cache: 'inactive_file' };
const VERSION_1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cache: 'total_inactive_file',
};

async function leastOnWay(mount: string, path: string, files: GroupFiles): Promise<number> {
  const names = path.split('/').filter((name) => name !== '');
  const groups = [...names.keys(), names.length].map((depth) => join(mount, ...names.slice(0, depth)));
  return Math.min(...(await Promise.all(groups.map((group) => leftOf(group, files)))));
}

async function leftOf(group: string, { limit, used, cache }: GroupFiles): Promise<number> {
  const read = async (name: string) => await readFile(join(group, name), 'utf8').catch(() => '');
  const most = (await read(limit)).trim();
  // A group without a limit says `max`; the root group has no such file.
  if (!/^\d+$/.test(most)) return Number.POSITIVE_INFINITY;
  const reclaimable = new RegExp(`^${cache} (\\d+)$`, 'm').exec(await read('memory.stat'))?.[1];
  return Math.max(0, Number(most) - Number(await read(used)) + Number(reclaimable ?? 0));
}
