import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../../agent/update/journal.ts';
import { followUpdate } from '../../../cli/box/follow-update.ts';
import { askBox, asOperator, type OperatedBox } from '../../../cli/box/operator.ts';
import { sendFile } from '../../../cli/box/send.ts';
import { digestOf } from '../../../contract/manifest.ts';
import type { UpdateStatus } from '../../../contract/status.ts';
import { ReceivedSchema } from '../../../contract/update.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { refusal } from '../../support/refusal.ts';
import { box, path } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

const { signal } = new AbortController();
const quiet = () => {};
let api: TestApi;
let hasSlots: boolean;
beforeEach(async () => {
  hasSlots = true;
  api = await startTestApi(() => undefined, { updater: () => (hasSlots ? box.updater : undefined) });
});
afterEach(() => api.close());

const operated = (): OperatedBox => ({
  url: new URL(api.url),
  fingerprint: api.identity.fingerprint,
  credential: { cert: api.operator.certificate, key: api.operator.key },
});
const rollback = (to: OperatedBox) => askBox(to, '/v1/rollback', { method: 'POST', signal }, ReceivedSchema);

describe('cpiab push', () => {
  test('brings a file to the box, which takes it', async () => {
    await sendFile(operated(), await tarballOf(box.two), quiet, signal);
    await box.updater.idle();
    expect(box.updater.status).toMatchObject({ state: 'switching', to: { sequence: 2 } });
  });

  test('tells what the box has against a file that it gets while it is busy', async () => {
    await sendFile(operated(), await deltaBetween(path(), box.one, box.two), quiet, signal);
    await box.updater.idle();
    const refused = await refusal(sendFile(operated(), await tarballOf(box.three), quiet, signal));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining('CPIAB-E5306')]);
  });

  test('is refused by a box that has no slots', async () => {
    hasSlots = false;
    const refused = await refusal(rollback(operated()));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining('CPIAB-E5301')]);
  });

  test("needs the operator's certificate", async () => {
    const stranger = await startTestApi(() => undefined);
    const { certificate: cert, key } = stranger.operator;
    await stranger.close();
    const refused = await refusal(rollback({ ...operated(), credential: { cert, key } }));
    expect([refused.code, refused.message]).toEqual(['E5004', expect.stringContaining('status 403')]);
    expect(box.disk.restarts).toBe(0);
  });

  test('says which credential this machine lacks', async () => {
    const refused = await refusal(asOperator(operated(), 'no-such-site'));
    expect([refused.code, refused.subject]).toEqual(['E1006', expect.stringContaining('operator.crt')]);
  });
});

describe('following a box', () => {
  const update = (state: UpdateStatus['state'], reason: string | null = null): UpdateStatus => ({
    ...{ what: 'update', state, reason, detail: '', file: null, attempts: 1 },
    ...{ from: { revision: 'a', sequence: 1 }, to: { revision: 'b', sequence: 2 } },
  });
  const follow = (seconds = 60) => followUpdate(operated(), { seconds, progress: quiet, signal });

  test('ends when the new version is to stay', async () => {
    api.report.observe({ update: update('staging') });
    setTimeout(() => api.report.observe({ update: update('committed') }), 500);
    expect((await follow()).update?.state).toBe('committed');
  });

  test.each([
    ['fell-back', 'E5309'],
    ['refused', 'E5308'],
  ] as const)('%s is an error with its reason', async (state, code) => {
    api.report.observe({ update: update(state, 'its agent ended 5 times') });
    const refused = await refusal(follow());
    expect([refused.code, refused.message]).toEqual([
      code,
      expect.stringContaining('its agent ended 5 times'),
    ]);
  });

  test('that takes too long says what it is at', async () => {
    api.report.observe({ update: update('trial') });
    const refused = await refusal(follow(1));
    expect([refused.code, refused.message]).toEqual(['E5310', expect.stringContaining('trial')]);
  });
});

test('a file that is cut off each time is given up', async () => {
  const file = digestOf('0'.repeat(64));
  const [from, to] = [{ revision: 'a', sequence: 1 }, null];
  const updates = path('disk', 'data', 'updates');
  await mkdir(updates, { recursive: true });
  await writeFile(path('disk', 'data', 'updates', `${'0'.repeat(64)}.part`), 'x');
  const record = { what: 'update', state: 'staging', reason: null, attempts: 3, from, to, file } as const;
  await new Journal(updates).write(record);
  const again = await box.disk.open('a');
  await again.resume(signal);
  await again.idle();
  expect(again.status).toMatchObject({ state: 'refused', reason: expect.stringContaining('CPIAB-E5312') });
});
