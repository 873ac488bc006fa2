import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuditEntry, AuditLogSchema } from '../../../contract/audit-log.ts';
import type { BoxStatus } from '../../../contract/status.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { cpiab, type StartedBox, startLab } from '../support/lab.ts';
import { cloneSite, pushSite } from '../support/site-git.ts';
import { buildVersions } from '../support/versions.ts';
import { watch } from '../support/watch.ts';

/** More than three starts and a busy emulated machine's work take. */
const LIMIT_MS = 60 * 60_000;

type Change = 'good' | 'crashing' | 'unready';

let scratch: string;
let versions: Awaited<ReturnType<typeof buildVersions<Change>>>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-update-'));
  versions = await buildVersions(scratch, ['good', 'crashing', 'unready']);
});
afterAll(() => removeTree(scratch));

/** Boots the old version on a disk of its own, gives it another, and follows it to the end of that. */
async function updated(name: Change, before: (box: StartedBox) => Promise<void> = async () => {}) {
  const box = await startLab(versions.old.image, '--disk', join(scratch, `${name}.qcow2`));
  try {
    const old = await box.status();
    await before(box);
    await cpiab('push', box.address, versions.deltas[name], '--no-wait');
    const { status: now, turns, silentMs } = await watch(box.status, isOver, LIMIT_MS);
    const silent = `the API was silent for ${Math.round(silentMs / 1000)} s at most`;
    process.stderr.write(`${name}: ${turns.join(', ')}; ${silent}\n`);
    return { old, now, end: await endInLog(box) };
  } finally {
    await box.cut();
  }
}

const ended: readonly (string | undefined)[] = ['committed', 'fell-back', 'refused'];
const isOver = ({ update, slots }: BoxStatus) =>
  ended.includes(update?.state) && slots?.standing === 'settled';

/** How the log says that the last change of version ended. */
async function endInLog(box: StartedBox): Promise<AuditEntry | undefined> {
  const { entries } = AuditLogSchema.parse(JSON.parse(await box.get('/v1/audit')));
  return entries.findLast(({ action }) => action === 'update');
}

/** Pushes a commit to the box's Git. @returns its identifier. */
async function pushCommit({ address, get }: StartedBox): Promise<string> {
  const ca = join(scratch, 'ca.pem');
  await writeFile(ca, await get('/v1/ca.pem'));
  return await pushSite(await cloneSite(address, ca, join(scratch, 'site')), 'pushed before the update');
}

test('a delta brings the new version, and state stays', async () => {
  let pushed = '';
  const { old, now, end } = await updated('good', async (box) => {
    pushed = await pushCommit(box);
  });
  expect(now.update).toMatchObject({ state: 'committed', reason: null });
  expect(now.box.sequence).toBe(old.box.sequence + 1);
  expect([old.slots?.running, now.slots?.running]).toEqual(['a', 'b']);
  expect([now.box.id, now.box.fingerprint]).toEqual([old.box.id, old.box.fingerprint]);
  expect(now.git.head).toBe(pushed);
  expect(end?.outcome).toBe('done');
});

test('a version whose agent ends each time gives way by itself', async () => {
  const { old, now, end } = await updated('crashing');
  expect(now.update).toMatchObject({
    state: 'fell-back',
    reason: expect.stringContaining('its agent ended'),
  });
  expect([now.box.sequence, now.slots?.running]).toEqual([old.box.sequence, 'a']);
  expect(end).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('its agent ended') });
});

test('a version whose engine does not get Ready in time gives way by itself', async () => {
  const { old, now, end } = await updated('unready');
  // A slow machine has not come to the engine by then.
  const late = expect.stringMatching(/(?:agent|engine) was not ready in time/);
  expect(now.update).toMatchObject({ state: 'fell-back', reason: late });
  expect([now.box.sequence, now.slots?.running]).toEqual([old.box.sequence, 'a']);
  expect(end).toMatchObject({ outcome: 'failed', detail: late });
});
