import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { contentOf } from '../../../agent/install/content.ts';
import { installSequence } from '../../../agent/install/sequence.ts';
import { claimedEnd } from '../../../contract/encryption.ts';
import { medium } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { boxPartitions, readGpt } from '../../support/gpt.ts';
import { lockedHeader } from '../../support/locked-header.ts';
import { refusal } from '../../support/refusal.ts';
import { boardBelow, makeDisk, tinyMachine, tinyMediumTree } from '../../support/tiny-machine.ts';
import { damage } from '../../support/tiny-medium.ts';

const { signal } = new AbortController();
const path = freshDirectory();
/** Just enough for the smallest box. */
const SIZE = 1200 * 2 ** 20;
let tree: string;

beforeEach(async () => {
  await mkdir(path('run'));
  tree = await tinyMediumTree(path());
});

const context = { signal, progress: () => {} };
/** Installs to a disk, up to a step. */
async function installed(disk: Awaited<ReturnType<typeof makeDisk>>, last = 'restart', install = {}) {
  const { machine, restarts } = tinyMachine([disk]);
  const steps = installSequence(machine, 'auto');
  const board = boardBelow(path(), tree, steps, install);
  const end = steps.findIndex(({ name }) => name === last) + 1;
  for (const step of steps.slice(0, end)) await step.run(board, context);
  return restarts.length;
}

async function firstSector(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    return (await handle.read({ buffer: Buffer.alloc(512), position: 0 })).buffer;
  } finally {
    await handle.close();
  }
}

const sha256 = async (file: string) => (await run(['sha256sum', file])).stdout.slice(0, 64);

describe('an installation', () => {
  test('gives a disk its partitions, sound file systems, the loader, and the medium', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    expect(await installed(disk)).toBe(1);
    const parts = await readGpt(disk.path);
    expect(parts.map(({ name }) => name)).toEqual(boxPartitions);
    await run(['sfdisk', '--verify', disk.path]);
    expect(parts.at(-1)?.end).toBeGreaterThan(SIZE - 2 ** 21);
    for (const { start } of parts.slice(2)) await run(['e2fsck', '-fn', `${disk.path}?offset=${start}`]);
    const boot = await readFile(join(tree, medium.loader.boot));
    const sector = await firstSector(disk.path);
    expect(sector.subarray(0, boot.length)).toEqual(boot);
    expect(sector.readUInt16LE(510)).toBe(0xaa55);
    const slot = `${disk.path}?offset=${parts[2]?.start}`;
    await run(['debugfs', '-R', `dump /live/vmlinuz ${path('vmlinuz')}`, slot]);
    expect(await sha256(path('vmlinuz'))).toBe(await sha256(join(tree, 'live/vmlinuz')));
  });

  test('gives the box its seed, for when the volume is gone', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    const steps = installSequence(tinyMachine([disk]).machine, 'auto');
    const board = boardBelow(path(), tree, steps);
    await mkdir(path('seed'));
    await writeFile(path('seed', 'seed.yaml'), 'kind: Seed\n');
    board.report.observe({ seed: { origin: 'volume sdb', kept: false, hostname: 'rack-7' } });
    for (const step of steps) await step.run(board, context);
    const data = `${disk.path}?offset=${(await readGpt(disk.path)).at(-1)?.start}`;
    await run(['e2fsck', '-fn', data]);
    expect((await run(['debugfs', '-R', 'cat /seed.yaml', data])).stdout).toBe('kind: Seed\n');
  });

  test('of a site with an encrypted state leaves that to the first start, with the seed but its passphrase', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    const steps = installSequence(tinyMachine([disk]).machine, 'auto');
    const board = boardBelow(path(), tree, steps, {}, 'tpm2');
    await mkdir(path('seed'));
    await writeFile(path('seed', 'seed.yaml'), 'kind: Seed\ndisk: { passphrase: not for the disk }\n');
    board.report.observe({ seed: { origin: 'volume sdb', kept: false, hostname: 'rack-7' } });
    for (const step of steps) await step.run(board, context);
    const { start, end } = (await readGpt(disk.path)).at(-1) ?? expect.unreachable();
    const place = ['--offset', String(start), '--size', String(end - start)];
    await expect(run(['blkid', '--probe', ...place, disk.path])).rejects.toThrow();
    const expected = claimedEnd('kind: Seed\n');
    const file = await open(disk.path);
    const { buffer } = await file.read({
      buffer: Buffer.alloc(expected.length),
      position: end - expected.length,
    });
    await file.close();
    expect(buffer).toEqual(expected);
    const found = run(['grep', '--count', '--text', 'not for the disk', disk.path]);
    await expect(found).rejects.toMatchObject({ status: 1 });
  });

  test('by asking goes on with the disk that an operator names elsewhere', async () => {
    const [one, two] = [await makeDisk(path('one'), SIZE), await makeDisk(path('two'), SIZE)];
    const { machine, restarts } = tinyMachine([one, two]);
    const steps = installSequence({ ...machine, ask: () => new Promise(() => {}) }, 'ask');
    const board = boardBelow(path(), tree, steps);
    const choosing = steps[0]?.run(board, context);
    await vi.waitFor(() => expect(board.report.snapshot().install?.disks).toHaveLength(2), {
      timeout: 10_000,
    });
    (await board.when('question')).answer({ disk: { name: 'two' }, erase: false });
    await choosing;
    for (const step of steps.slice(1)) await step.run(board, context);
    expect(restarts).toHaveLength(1);
    expect((await readGpt(two.path)).length).toBe(5);
    expect(await contentOf(one.path, one.size, signal)).toEqual({ kind: 'blank' });
  });

  test('gives two disks identifiers of their own', async () => {
    const ids = new Set<string>();
    for (const name of ['one', 'two']) {
      const disk = await makeDisk(path(name), SIZE);
      await installed(disk);
      ids.add((await run(['sfdisk', '--disk-id', disk.path])).stdout.trim());
    }
    expect(ids.size).toBe(2);
  });

  test.for(['partition', 'copy', 'verify'])(
    'that is cut off after %s leaves a disk that nothing starts, and is done again from the start',
    async (last) => {
      const disk = await makeDisk(path('disk'), SIZE);
      await installed(disk, last);
      expect(await contentOf(disk.path, disk.size, signal)).toEqual({ kind: 'unfinished' });
      // Without these two bytes no BIOS starts it, and without a protective MBR nobody takes the table for one.
      expect((await firstSector(disk.path)).readUInt16LE(510)).toBe(0);
      await expect(run(['sfdisk', '--json', disk.path])).rejects.toThrow(/recognized/);
      expect(await installed(disk)).toBe(1);
      expect((await readGpt(disk.path)).length).toBe(5);
    },
  );

  test('that is cut off while it copies lets go of the slot', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    const { machine } = tinyMachine([disk]);
    const steps = installSequence(machine, 'auto');
    const board = boardBelow(path(), tree, steps);
    const [choose, partition, copy] = steps;
    await choose?.run(board, context);
    await partition?.run(board, context);
    const stop = new AbortController();
    const cut = copy?.run(board, { signal: stop.signal, progress: () => stop.abort(new Error('cut')) });
    await expect(cut).rejects.toThrow();
    expect(stop.signal.aborted).toBe(true);
    expect((await run(['losetup', '--associated', disk.path])).stdout).toBe('');
    expect(await installed(disk)).toBe(1);
  });

  test('of a damaged medium ends before the disk starts', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    await damage(join(tree, medium.loader.core), 1000);
    const refused = await refusal(installed(disk));
    expect([refused.code, refused.subject]).toEqual(['E2103', expect.stringMatching(/^sha256:/)]);
    expect(await contentOf(disk.path, disk.size, signal)).toEqual({ kind: 'unfinished' });
  });

  test('that reads back otherwise is refused', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    await installed(disk, 'partition');
    const { machine } = tinyMachine([disk]);
    const steps = installSequence(machine, 'auto');
    const board = boardBelow(path(), tree, steps);
    for (const step of steps.slice(0, 3)) await step.run(board, context);
    await damage(disk.path, 2 ** 20 + 100);
    const refused = await refusal(steps[3]?.run(board, context) ?? Promise.resolve());
    expect([refused.code, refused.message]).toEqual(['E2170', expect.stringContaining('core.img')]);
  });
});

describe('a disk that holds data', () => {
  const foreign = {
    'an ext4 file system': async (file: string) =>
      void (await run(['mke2fs', '-q', '-t', 'ext4', '-L', 'photos', file])),
    'a partition table': async (file: string) =>
      void (await run(['sfdisk', '--quiet', file], { input: 'label: dos\n,100M\n' })),
    'a box': async (file: string) => void (await installed({ ...(await makeDisk(file, SIZE)) })),
    'an encrypted state': async (file: string) => {
      const handle = await open(file, 'r+');
      await handle.write(lockedHeader('CPIAB-LUKS'));
      await handle.close();
    },
    'bytes that nobody knows, at its start': (file: string) => damage(file, 70_000),
    'bytes that nobody knows, at its end': (file: string) => damage(file, SIZE - 9),
  };

  test.for(Object.entries(foreign))('%s is refused, and no byte of it changes', async ([, fill]) => {
    const disk = await makeDisk(path('disk'), SIZE);
    await fill(disk.path);
    await run(['cp', '--sparse=always', disk.path, path('before')]);
    const refused = await refusal(installed(disk));
    expect([refused.code, refused.subject]).toEqual(['E1302', 'disk']);
    expect(refused.message).toMatch(/disk, 1\.3 GB, TEST DISK, serial disk: holds /);
    await run(['cmp', disk.path, path('before')]);
  });

  test('says what it is', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    await foreign['an ext4 file system'](disk.path);
    expect((await refusal(installed(disk))).message).toContain('holds ext4 "photos"');
  });

  test('is erased when the site names its serial number, with what others might take for a file system', async () => {
    const disk = await makeDisk(path('disk'), SIZE);
    await foreign['an ext4 file system'](disk.path);
    expect(await installed(disk, 'restart', { erase: disk.serial })).toBe(1);
    const { stdout } = await run(['wipefs', '--noheadings', '--output', 'TYPE', disk.path]);
    expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['gpt', 'PMBR']));
  });
});
