import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEntry } from '../../../contract/audit-log.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { box, path, push } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi(() => undefined);
});
afterEach(() => api.close());

const audit = () => api.audit;
/** What the log has of changes of version. */
async function turns(): Promise<Pick<AuditEntry, 'outcome' | 'subject' | 'detail'>[]> {
  const { entries } = await api.audit.read(0);
  return entries.filter(({ action }) => action === 'update' || action === 'rollback');
}
const version = (sequence: number) => expect.stringContaining(`(sequence ${sequence})`);

test('an update is in the log when it is staged and when it is committed, each once', async () => {
  await push(await box.disk.open('a', { audit }), await deltaBetween(path(), box.one, box.two));
  const staged = { outcome: 'begun', subject: version(2), who: { name: 'box' } };
  expect(await turns()).toMatchObject([staged]);
  await (await box.disk.open('b', { audit })).commit();
  await (await box.disk.open('b', { audit })).audit();
  expect(await turns()).toMatchObject([
    staged,
    { outcome: 'done', subject: version(2), detail: expect.stringMatching(/committed.*sequence 1/) },
  ]);
});

test('that it fell back, and why, is written by the version before where the other could not', async () => {
  await push(await box.disk.open('a', { audit }), await deltaBetween(path(), box.one, box.two));
  await (await box.disk.open('b')).fail('engine was not ready in time');
  const back = await box.disk.open('a', { audit });
  await back.audit();
  expect(await turns()).toMatchObject([
    { outcome: 'begun' },
    {
      outcome: 'failed',
      subject: version(2),
      detail: expect.stringContaining('engine was not ready in time'),
    },
  ]);
});

test('a refusal has the error code, and is there again for a second try', async () => {
  const updater = await box.disk.open('a', { audit });
  const file = await tarballOf(box.one);
  await push(updater, file);
  await push(updater, file);
  const refused = { outcome: 'refused', detail: expect.stringContaining('CPIAB-E5302') };
  expect(await turns()).toMatchObject([refused, refused]);
});

test('what happened before the log was open is written once it is', async () => {
  let open = false;
  const updater = await box.disk.open('a', { audit: () => (open ? api.audit : undefined) });
  await push(updater, await tarballOf(box.one));
  expect(await turns()).toEqual([]);
  open = true;
  await updater.audit();
  await updater.audit();
  expect(await turns()).toMatchObject([{ outcome: 'refused' }]);
});
