import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { buildLab, cpiab, startLab } from '../support/lab.ts';

const path = freshDirectory();

/** The address that QEMU's network leads to where nobody says another. */
const SEED = `apiVersion: cpiab.dev/v1
kind: Seed
hostname: rack-7
network: { interface: { name: en* }, addresses: [10.0.2.15/24] }
install: { mode: ask }
`;

test('a box asks for its disk, an operator names it, and the seed stays when its volume is gone', async () => {
  const [iso, disk, seed] = [join(await buildLab(), 'cpiab-lab.iso'), path('box.raw'), path('seed.yaml')];
  await writeFile(seed, SEED);
  const asking = await startLab(iso, '--disk', disk, '--seed', seed);
  try {
    const { phase, install, seed: given } = await asking.status();
    expect([phase, given?.hostname]).toEqual(['choose', 'rack-7']);
    expect(install?.disks.map(({ name, free }) => [name, free])).toEqual([['vda', true]]);
    const { url, fingerprint } = asking.report;
    await cpiab('install', `${url}#${fingerprint}`, '--disk', 'vda', '--json');
  } finally {
    await asking.cut();
  }
  const box = await startLab(iso, '--install', '--disk', disk);
  try {
    const { box: about, seed: kept, problem } = await box.status();
    expect([about.state, kept, problem]).toEqual([
      'disk',
      { origin: 'kept', kept: true, hostname: 'rack-7' },
      null,
    ]);
  } finally {
    await box.cut();
  }
});
