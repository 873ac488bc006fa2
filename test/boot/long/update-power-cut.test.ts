import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BoxStatus } from '../../../contract/status.ts';
import { powerOn } from '../../../host/qemu/box.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { cpiab, startLab } from '../support/lab.ts';
import { buildVersions } from '../support/versions.ts';
import { watch } from '../support/watch.ts';

const LIMIT_MS = 60 * 60_000;
/** Starts that the new version gets, as many as a site may give. */
const TRIES = 3;

let scratch: string;
let versions: Awaited<ReturnType<typeof buildVersions<'good'>>>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-update-cut-'));
  versions = await buildVersions(scratch, ['good'], TRIES);
});
afterAll(() => removeTree(scratch));

/** Powers a box on, and takes the power away when it has come to something. */
async function cutWhen(
  disk: string,
  isThere: (status: BoxStatus) => boolean,
  before: (address: string) => Promise<unknown> = async () => {},
): Promise<BoxStatus> {
  const box = await startLab(versions.old.image, '--disk', join(scratch, disk));
  try {
    await before(box.address);
    const { status, turns } = await watch(box.status, isThere, LIMIT_MS);
    process.stderr.write(`${turns.join(', ')}: cut\n`);
    return status;
  } finally {
    await box.cut();
  }
}

/** Powers it on, and takes the power away some seconds later, wherever it is. */
async function cutAfter(disk: string, seconds: number): Promise<void> {
  const medium = { path: join(scratch, disk), format: 'qcow2', keep: true } as const;
  const options = { medium, firmware: 'bios', memory: 4096, disk: null, directory: scratch } as const;
  const box = await powerOn(options, new AbortController().signal);
  await sleep(seconds * 1000);
  await box.machine.cut();
}

const ended = ['committed', 'fell-back', 'refused'];
const state = ({ update }: BoxStatus) => update?.state ?? null;

/** Blobs that are in the other slot, of how many. */
const staged = ({ update }: BoxStatus): [number, number] | null => {
  const found = /^(\d+) of (\d+) blobs/.exec(update?.detail ?? '');
  return found && [Number(found[1]), Number(found[2])];
};

const push = (address: string) => cpiab('push', address, versions.deltas.good, '--no-wait');

test('an update goes on by itself although the power goes seven times on its way', async () => {
  const disk = 'goes-on.qcow2';
  const early = await cutWhen(disk, (status) => (staged(status)?.[0] ?? 0) > 0, push);
  expect(early.slots?.running).toBe('a');
  // It is begun again, and read back.
  await cutWhen(disk, (status) => {
    const [done, all] = staged(status) ?? [0, 1];
    return done > all / 2;
  });
  await cutWhen(disk, ({ update }) => update?.detail === 'reading back what was written');
  // The sector that decides is written about now, and the machine restarts.
  await cutWhen(disk, (status) => state(status) === 'switching');
  // Whether or not it was, the next start is the new version's, or leads there; early in it.
  await cutAfter(disk, 20);
  await cutWhen(disk, (status) => ['trial', 'committed'].includes(state(status) ?? ''));
  const committed = await cutWhen(disk, (status) => state(status) === 'committed');
  expect(committed.slots).toMatchObject({ running: 'b', standing: 'settled' });
  const after = await cutWhen(disk, (status) => status.phase === 'engine');
  expect([after.slots?.running, state(after)]).toEqual(['b', 'committed']);
  expect(after.box).toMatchObject({ id: early.box.id, sequence: early.box.sequence + 1 });
});

test('a version whose starts are all cut off gives way to the one before', async () => {
  const disk = 'gives-way.qcow2';
  const before = await cutWhen(disk, ({ slots }) => slots?.standing !== 'settled', push);
  // In the kernel and in the agent's start, until no start is left.
  for (const seconds of [12, 16, 20]) await cutAfter(disk, seconds);
  const after = await cutWhen(disk, ({ update }) => ended.includes(update?.state ?? ''));
  expect([after.slots?.running, state(after)]).toEqual(['a', 'fell-back']);
  expect(after.box).toMatchObject({ id: before.box.id, sequence: before.box.sequence });
});
