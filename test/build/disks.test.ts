import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { dirtyOption } from '../../cli/testing/dirty.ts';
import { run } from '../../host/process.ts';
import { flip } from '../boot/support/flip.ts';
import { buildLabElsewhere, cpiab } from '../boot/support/lab.ts';
import { boxPartitions, readGpt } from '../support/gpt.ts';
import { removeTree } from '../support/remove-tree.ts';

const repository = resolve(import.meta.dirname, '../..');
const images = ['cpiab-lab.raw', 'cpiab-lab.qcow2'];

let scratch: string;
let dist: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-disks-'));
  dist = join(scratch, 'dist');
  const flags = await dirtyOption(repository);
  await cpiab('build', 'lab', '--out', dist, '--only', 'raw,qcow2', ...flags);
});
afterAll(() => removeTree(scratch));

describe('disk images', () => {
  test('are the same again, by another umask and time zone', async () => {
    const again = join(scratch, 'again');
    await buildLabElsewhere(again, '--only', 'raw,qcow2');
    for (const name of images) await run(['cmp', join(dist, name), join(again, name)]);
    await rm(again, { recursive: true });
  });

  test('are in the sums that the key of the site signed', async () => {
    const key = join(keysDirectory('lab'), 'minisign.pub');
    await run(['minisign', '-V', '-m', join(dist, 'SHA256SUMS'), '-p', key]);
    await run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: dist });
  });

  test('pass verification, by their chunks', async () => {
    await cpiab('verify', join(dist, 'cpiab-lab.qcow2'));
    const qcow2 = join(dist, 'cpiab-lab.qcow2');
    await flip(qcow2, 300_000_000);
    await expect(cpiab('verify', qcow2)).rejects.toThrow(/E24/);
    await flip(qcow2, 300_000_000);
  });

  test('have the partitions that the documentation names, with sound file systems', async () => {
    const raw = join(dist, 'cpiab-lab.raw');
    const parts = await readGpt(raw);
    expect(parts.map(({ name }) => name)).toEqual(boxPartitions);
    for (const { start } of parts.slice(2)) await run(['/usr/sbin/e2fsck', '-fn', `${raw}?offset=${start}`]);
    await run(['mdir', '-i', `${raw}@@${parts[1]?.start}`, '::/EFI/BOOT/BOOTX64.EFI']);
    await run(['qemu-img', 'check', join(dist, 'cpiab-lab.qcow2')]);
  });
});
