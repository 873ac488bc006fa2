import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../host/process.ts';
import { readGpt } from '../support/gpt.ts';
import { removeTree } from '../support/remove-tree.ts';
import { buildLabElsewhere, startLab } from './support/lab.ts';

/** Size of a disk that `cpiab boot` makes, and what the second table and rounding take of it. */
const DISK = 16 * 2 ** 30;
const MARGIN = 2 ** 21;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-disk-'));
  await buildLabElsewhere(join(scratch, 'dist'), '--only', 'qcow2');
});
afterAll(() => removeTree(scratch));

test('a disk image starts with Secure Boot on, keeps its state, and takes all of its disk', async () => {
  const disk = join(scratch, 'box.qcow2');
  const options = ['--firmware', 'secure-boot', '--disk', disk];
  const box = await startLab(join(scratch, 'dist', 'cpiab-lab.qcow2'), ...options);
  try {
    const { box: about, problem } = await box.status();
    expect(about).toMatchObject({ firmware: 'secure-boot', state: 'disk' });
    expect(problem).toBeNull();
  } finally {
    await box.cut();
  }
  const start = join(scratch, 'start.raw');
  // Threads of a killed QEMU may hold its lock for a moment after it is gone; none of them writes any more.
  await run([
    'qemu-img',
    'dd',
    '-U',
    '-f',
    'qcow2',
    '-O',
    'raw',
    'bs=1M',
    'count=1',
    `if=${disk}`,
    `of=${start}`,
  ]);
  const data = (await readGpt(start)).at(-1);
  expect(data?.name).toBe('cpiab-data');
  expect(data?.end).toBeGreaterThan(DISK - MARGIN);
});
