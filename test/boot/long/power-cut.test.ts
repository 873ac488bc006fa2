import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Phase } from '../../../contract/status.ts';
import { powerOn } from '../../../host/qemu/box.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { bootLab, buildLab } from '../support/lab.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-power-'));
});
afterEach(() => removeTree(directory));

/** Boots with a data disk, and takes the power away some time after a step began. */
async function bootAndCut(iso: string, disk: string, phase: Phase, seconds: number): Promise<void> {
  const { signal } = new AbortController();
  const medium = { path: iso, format: 'iso', keep: false } as const;
  const box = await powerOn({ medium, firmware: 'bios', memory: 4096, disk, directory }, signal);
  try {
    for await (const report of box.reports(signal)) {
      expect(report.problem).toBeNull();
      if (report.phase === phase) break;
    }
    await sleep(seconds * 1000);
  } finally {
    await box.machine.cut();
  }
}

describe('a power cut during the first boot', () => {
  test.for<[Phase, number]>([
    ['verify', 5],
    ['engine', 10],
    ['engine', 60],
    ['flux', 20],
    ['converge', 60],
  ])('%s, %d s after it began: the next boot converges', async ([phase, seconds]) => {
    const medium = join(await buildLab(), 'cpiab-lab.iso');
    const disk = join(directory, 'data.raw');
    await bootAndCut(medium, disk, phase, seconds);
    const box = await bootLab(medium, '--disk', disk);
    try {
      const { box: self, git, flux, nodes } = await box.ask.status();
      expect(self.state).toBe('disk');
      expect(git.applied).toBe(git.head);
      expect(flux.ready).toBe(flux.total);
      expect(nodes).toMatchObject([{ ready: true }]);
    } finally {
      await box.cut();
    }
  });
});
