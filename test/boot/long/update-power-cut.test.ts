import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BoxStatus } from '../../../contract/status.ts';
import { powerOn } from '../../../host/qemu/box.ts';
import { cpiab, startLab } from '../support/lab.ts';
import { buildVersions } from '../support/versions.ts';
import { watch } from '../support/watch.ts';

const LIMIT_MS = 60 * 60_000;

let scratch: string;
let versions: Awaited<ReturnType<typeof buildVersions<'good'>>>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-update-cut-'));
  versions = await buildVersions(scratch, ['good'], 3);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Powers the box on, and takes the power away when it has come to something. */
async function cutWhen(
  isThere: (status: BoxStatus) => boolean,
  before: (address: string) => Promise<unknown> = async () => {},
): Promise<BoxStatus> {
  const box = await startLab(versions.old.image, '--disk', join(scratch, 'box.qcow2'));
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
async function cutAfter(seconds: number): Promise<void> {
  const medium = { path: join(scratch, 'box.qcow2'), format: 'qcow2', keep: true } as const;
  const options = { medium, firmware: 'bios', memory: 4096, disk: null, directory: scratch } as const;
  const box = await powerOn(options, new AbortController().signal);
  await sleep(seconds * 1000);
  await box.machine.cut();
}

const state = ({ update }: BoxStatus) => update?.state ?? null;

test('an update goes on by itself although the power goes six times on its way', async () => {
  const staging = await cutWhen(
    ({ update }) => update?.state === 'staging' && /^[1-9]\d* of/.test(update.detail),
    (address) => cpiab('push', address, versions.deltas.good, '--no-wait'),
  );
  expect(staging.slots?.running).toBe('a');
  // It is begun again, and read back.
  await cutWhen(({ update }) => update?.detail === 'reading back what was written');
  // The sector that decides is written about now, and the machine restarts.
  await cutWhen((status) => state(status) === 'switching');
  // Whether or not it was, the next start is the new version's, or leads there; early in it.
  await cutAfter(20);
  await cutWhen((status) => ['trial', 'committed'].includes(state(status) ?? ''));
  const committed = await cutWhen((status) => state(status) === 'committed');
  expect(committed.slots).toMatchObject({ running: 'b', standing: 'settled' });
  const after = await cutWhen((status) => status.phase === 'engine');
  expect([after.slots?.running, state(after)]).toEqual(['b', 'committed']);
  expect(after.box).toMatchObject({ id: staging.box.id, sequence: staging.box.sequence + 1 });
});
