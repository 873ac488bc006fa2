import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootLab, buildLabElsewhere } from '../support/lab.ts';

test('a box on a disk image converges, and again after the power is cut', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-disk-'));
  try {
    await buildLabElsewhere(join(scratch, 'dist'), '--only', 'qcow2');
    const image = join(scratch, 'dist', 'cpiab-lab.qcow2');
    const options = ['--firmware', 'secure-boot', '--disk', join(scratch, 'box.qcow2')];
    const ids: string[] = [];
    for (let boot = 0; boot < 2; boot++) {
      const box = await bootLab(image, ...options);
      const { box: about, phase, flux } = await box.ask.status();
      await box.cut();
      expect({ phase, ready: flux.ready, state: about.state }).toEqual({
        phase: 'ready',
        ready: flux.total,
        state: 'disk',
      });
      ids.push(about.id);
    }
    expect(ids[0]).toBe(ids[1]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
