import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootLab, buildLab } from '../support/lab.ts';

test('the ISO boots by UEFI as well, and converges', async () => {
  const box = await bootLab(join(await buildLab(), 'cpiab-lab.iso'), '--firmware', 'uefi');
  try {
    const { flux, phase } = await box.ask.status();
    expect(phase).toBe('ready');
    expect(flux.ready).toBe(flux.total);
  } finally {
    await box.cut();
  }
});
