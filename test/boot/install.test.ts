import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProcessError, run } from '../../host/process.ts';
import { buildLab, cpiab, startLab } from './support/lab.ts';

/** Room for site lab, twice, and its data. */
const DISK = 16 * 2 ** 30;

let scratch: string;
let iso: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-install-'));
  iso = join(await buildLab(), 'cpiab-lab.iso');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('an ISO', () => {
  test('installs itself to an empty disk, unattended, and the box starts from that without it', async () => {
    const box = await startLab(iso, '--install', '--disk', join(scratch, 'box.raw'));
    try {
      const { box: about, problem, steps } = await box.status();
      expect(problem).toBeNull();
      expect(about.state).toBe('disk');
      expect(steps.map(({ name }) => name)).toContain('serve');
    } finally {
      await box.cut();
    }
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
