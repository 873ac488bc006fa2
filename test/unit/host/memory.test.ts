import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { availableMemory } from '../../../host/memory.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const files = () => ({ proc: here('proc'), cgroup: here('cgroup') });
const MIB = 2 ** 20;

async function put(path: string, text: string | number): Promise<void> {
  await mkdir(dirname(here(path)), { recursive: true });
  await writeFile(here(path), `${text}\n`);
}
beforeEach(async () => {
  await put('proc/meminfo', 'MemTotal: 9999999 kB\nMemAvailable:   4194304 kB\nSwapFree:   1048576 kB');
});

test('is what the machine has left where no group has a limit', async () => {
  await put('proc/self/cgroup', '0::/user.slice');
  await put('cgroup/user.slice/memory.max', 'max');
  expect(await availableMemory(files())).toEqual({ available: 4096 * MIB, withSwap: 5120 * MIB });
});

test('is what the tightest group on the way leaves, with what the kernel can give back', async () => {
  await put('proc/self/cgroup', '0::/outer/inner');
  await put('cgroup/outer/memory.max', 1000 * MIB);
  await put('cgroup/outer/memory.current', 900 * MIB);
  await put('cgroup/outer/memory.stat', `anon 1\ninactive_file ${300 * MIB}`);
  await put('cgroup/outer/inner/memory.max', 2000 * MIB);
  await put('cgroup/outer/inner/memory.current', 0);
  expect(await availableMemory(files())).toEqual({ available: 400 * MIB, withSwap: 400 * MIB });
});

test('knows groups of version 1 too', async () => {
  await put('proc/self/cgroup', '5:cpu:/x\n4:memory:/box\n0::/');
  await put('cgroup/memory/box/memory.limit_in_bytes', 500 * MIB);
  await put('cgroup/memory/box/memory.usage_in_bytes', 100 * MIB);
  await put('cgroup/memory/memory.limit_in_bytes', '9223372036854771712');
  await put('cgroup/memory/memory.usage_in_bytes', 0);
  expect((await availableMemory(files())).available).toBe(400 * MIB);
});

test('reads this machine', async () => {
  expect((await availableMemory()).available).toBeGreaterThan(0);
});
