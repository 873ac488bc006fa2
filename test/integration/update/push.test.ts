import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../../agent/update/journal.ts';
import { followUpdate } from '../../../cli/box/follow-update.ts';
import { OperatorClient } from '../../../cli/box/operator.ts';
import { announce, sendFile } from '../../../cli/box/send.ts';
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

const address = () => ({ url: new URL(api.url), fingerprint: api.identity.fingerprint });
const clientAs = ({ certificate: cert, key }: TestApi['operator']) =>
  new OperatorClient(address(), { cert, key }, signal);
const operator = () => clientAs(api.operator);
const rollback = (client: OperatorClient) => client.ask('/v1/rollback', { method: 'POST' }, ReceivedSchema);

describe('cpiab push', () => {
  test('brings a file to the box, which takes it', async () => {
    await sendFile(operator(), await tarballOf(box.two), quiet, signal);
    await box.updater.idle();
    expect(box.updater.status).toMatchObject({ state: 'switching', to: { sequence: 2 } });
  });

  test('tells what the box has against a file that it gets while it is busy', async () => {
    await sendFile(operator(), await deltaBetween(path(), box.one, box.two), quiet, signal);
    await box.updater.idle();
    const refused = await refusal(sendFile(operator(), await tarballOf(box.three), quiet, signal));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining('CPIAB-E5306')]);
  });

  test('is refused by a box that has no slots', async () => {
    hasSlots = false;
    const refused = await refusal(rollback(operator()));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining('CPIAB-E5301')]);
  });

  test("needs the operator's certificate", async () => {
    const stranger = await startTestApi(() => undefined);
    await stranger.close();
    const refused = await refusal(rollback(clientAs(stranger.operator)));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining('403 ')]);
    expect(box.disk.restarts).toBe(0);
  });

  test('says which credential this machine lacks', async () => {
    const refused = await refusal(OperatorClient.of(address(), 'no-such-site', signal));
    expect([refused.code, refused.subject]).toEqual(['E1413', expect.stringContaining('no-such-site')]);
  });
});

describe('what a box would refuse is refused before its bytes are sent:', () => {
  async function refused(file: string): Promise<string> {
    const { code, message } = await refusal(announce(operator(), file));
    expect(code).toBe('E5308');
    expect(await readdir(path('disk', 'data', 'updates')).catch(() => [])).toEqual([]);
    return message;
  }

  test('a delta from another base, with the names of both', async () => {
    const message = await refused(await deltaBetween(path(), box.two, box.three));
    expect(message).toContain('CPIAB-E2301');
    expect(message).toContain('(sequence 2)');
    expect(message).toContain('(sequence 1)');
  });

  test('an older one, with both sequences', async () => {
    await writeFile(path('disk', 'data', 'sequence'), '5\n');
    expect(await refused(await tarballOf(box.two))).toMatch(/CPIAB-E2110.*sequence 2 is older than 5/);
  });

  test('one whose manifest another key has signed', async () => {
    const { directory } = box.two;
    const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, sequence: 9 }));
    expect(await refused(await tarballOf(box.two))).toContain('CPIAB-E2101');
  });

  test('any, while another is under way', async () => {
    await sendFile(operator(), await deltaBetween(path(), box.one, box.two), quiet, signal);
    await box.updater.idle();
    const { message } = await refusal(announce(operator(), await tarballOf(box.three)));
    expect(message).toContain('CPIAB-E5306');
  });

  test('and what it would take is let in, with nothing kept of it', async () => {
    for (const file of [await deltaBetween(path(), box.one, box.two), await tarballOf(box.two)])
      await announce(operator(), file);
    expect(await readdir(path('disk', 'data', 'updates')).catch(() => [])).toEqual([]);
  });

  test('the refusal is in the audit log, with who asked', async () => {
    await refused(await deltaBetween(path(), box.two, box.three));
    const { entries } = await api.audit.read(0);
    expect(entries.at(-1)).toMatchObject({
      ...{ action: 'update', outcome: 'refused', who: { name: 'alice' } },
      detail: expect.stringContaining('CPIAB-E2301'),
    });
  });

  test('what is no announcement, or names another file', async () => {
    const { digest } = box.two.manifest.blobs[0] ?? { digest: '' };
    const odd = {
      apiVersion: 'cpiab.dev/v1',
      kind: 'UpdateAnnouncement',
      base: null,
      papers: { '../x': '' },
    };
    for (const body of ['{', JSON.stringify(odd), JSON.stringify({ digest })]) {
      const headers = { 'content-length': String(body.length) };
      const request = { method: 'POST', headers, body } as const;
      const { message } = await refusal(operator().ask('/v1/update', request, ReceivedSchema));
      expect(message).toContain('400 ');
    }
  });
});

describe('following a box', () => {
  const update = (state: UpdateStatus['state'], reason: string | null = null): UpdateStatus => ({
    ...{ what: 'update', state, reason, detail: '', file: null, attempts: 1 },
    ...{ from: { revision: 'a', sequence: 1 }, to: { revision: 'b', sequence: 2 } },
  });
  const follow = (seconds = 60) => followUpdate(address(), { seconds, progress: quiet, signal });

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
  const record = { what: 'update', state: 'staging', reason: null, attempts: 5, from, to, file } as const;
  await new Journal(updates).write(record);
  const again = await box.disk.open('a');
  await again.resume(signal);
  await again.idle();
  expect(again.status).toMatchObject({ state: 'refused', reason: expect.stringContaining('CPIAB-E5312') });
});
