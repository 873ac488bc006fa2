import { expect } from 'vitest';
import { bootLab } from './lab.ts';

/** Boots a medium with a disk twice, the power cut in between: each time it converges, as the same box. */
export async function expectSameBoxTwice(medium: string, ...options: string[]): Promise<void> {
  const ids: string[] = [];
  for (let start = 0; start < 2; start++) {
    const box = await bootLab(medium, ...options);
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
}
