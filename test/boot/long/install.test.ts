import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootLab, buildLab } from '../support/lab.ts';

test('an installed box converges, by Secure Boot, and is the same box after the power was cut', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-install-'));
  try {
    const iso = join(await buildLab(), 'cpiab-lab.iso');
    const ids: string[] = [];
    for (let start = 0; start < 2; start++) {
      const options = ['--install', '--disk', join(scratch, 'box.raw'), '--firmware', 'secure-boot'];
      const box = await bootLab(iso, ...options);
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
