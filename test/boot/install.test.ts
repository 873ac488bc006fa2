import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProcessError, run } from '../../host/process.ts';
import { readGpt } from '../support/gpt.ts';
import { removeTree } from '../support/remove-tree.ts';
import { buildLab, cpiab, startLab } from './support/lab.ts';

/** Room for site lab, twice, and its data. */
const DISK = 16 * 2 ** 30;

const SEED = `apiVersion: cpiab.dev/v1
kind: Seed
hostname: rack-7
network:
  interface: { name: en* }
  addresses: [192.0.2.77/24]
  gateway: 192.0.2.1
`;

let scratch: string;
let iso: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-install-'));
  iso = join(await buildLab(), 'cpiab-lab.iso');
});
afterAll(() => removeTree(scratch));

/**
 * Copies a disk's data partition, with what a cut left in its journal written to it, as mounting it does.
 * @returns path of the copy.
 */
async function dataOf(disk: string): Promise<string> {
  const { start = 0, end = 0 } = (await readGpt(disk)).at(-1) ?? {};
  const copy = `${disk}.data`;
  const [part, how] = [[`skip=${start}`, `count=${end - start}`], 'iflag=skip_bytes,count_bytes'];
  await run(['dd', `if=${disk}`, `of=${copy}`, 'bs=4M', ...part, how, 'conv=sparse', 'status=none']);
  // It ends with 1 when something was to be written.
  await run(['e2fsck', '-y', '-E', 'journal_only', copy]).catch((error: ProcessError) => {
    if (error.status !== 1) throw error;
  });
  return copy;
}

describe('an ISO', () => {
  test('installs itself to an empty disk, unattended, and the box starts from that by its seed', async () => {
    const [disk, seed] = [join(scratch, 'box.raw'), join(scratch, 'seed.yaml')];
    await writeFile(seed, SEED);
    // Answers at its fixed address, which the machine's network leads to.
    const box = await startLab(iso, '--install', '--disk', disk, '--seed', seed);
    try {
      const { box: about, problem, steps, seed: given } = await box.status();
      expect(given).toEqual({ hostname: 'rack-7', kept: false, origin: expect.stringMatching(/^volume sr/) });
      expect(problem).toBeNull();
      expect(about.state).toBe('disk');
      expect(steps.map(({ name }) => name)).toContain('serve');
    } finally {
      await box.cut();
    }
    expect((await run(['debugfs', '-R', 'cat /seed.yaml', await dataOf(disk)])).stdout).toBe(SEED);
  });

  test('refuses a disk with a file system, and changes no byte of it', async () => {
    const disk = join(scratch, 'foreign.raw');
    await (await open(disk, 'w')).close();
    await run(['truncate', '--size', String(DISK), disk]);
    await run(['mke2fs', '-q', '-t', 'ext4', '-L', 'photos', disk]);
    await run(['cp', '--sparse=always', disk, `${disk}.before`]);
    const refused = await cpiab('boot', iso, '--install', '--disk', disk, '--timeout', '1200', '--json').then(
      () => null,
      (error: unknown) => error as ProcessError,
    );
    const told = JSON.parse(refused?.stderr.trim().split('\n').at(-1) ?? '') as { code: string };
    expect(told).toMatchObject({
      code: 'CPIAB-E5003',
      message: expect.stringMatching(
        /choose: vda: holds data .*17 GB, serial cpiab-data: holds ext4 "photos"/,
      ),
      hint: expect.stringContaining('install.erase'),
    });
    await run(['cmp', disk, `${disk}.before`]);
  });
});
