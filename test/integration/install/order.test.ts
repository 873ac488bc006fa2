import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Candidate } from '../../../agent/install/choose.ts';
import { DiskQuestion } from '../../../agent/install/question.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import { OperatorClient } from '../../../cli/box/operator.ts';
import { diskTable, followInstall, orderInstall, ruleOf } from '../../../cli/box/order-install.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { refusal } from '../../support/refusal.ts';

const { signal } = new AbortController();
const disk: Candidate = {
  path: '/dev/vda',
  size: 20e9,
  model: 'Fast SSD',
  serial: 'S4EV',
  unfit: null,
  content: { kind: 'foreign', found: ['ext4 "photos"'] },
};
let api: TestApi;
let report: BoxReport;
let question: DiskQuestion;
/** What the box goes on with. */
let chosen: Promise<Candidate>;

beforeEach(async () => {
  const steps = ['choose', 'partition', 'copy', 'verify', 'restart'];
  report = new BoxReport(steps, () => 0, 'lab');
  api = await startTestApi(() => undefined, { report });
  question = new DiskQuestion();
  api.board.put('question', question);
  report.begin('choose');
  chosen = question.ask(
    async () => [disk],
    () => new Promise(() => {}),
    report,
    1e9,
  );
  await sleep(0);
});
afterEach(() => api.close());

const address = () => ({ url: new URL(api.url), fingerprint: api.identity.fingerprint });
const clientAs = ({ certificate: cert, key }: TestApi['operator']) =>
  new OperatorClient(address(), { cert, key }, signal);
const order = (rule: string, erase = false, who = api.operator) =>
  orderInstall(clientAs(who), { disk: ruleOf(rule), erase });

describe('cpiab install', () => {
  test('shows the disks that a box offers, and says when it offers none', async () => {
    expect(diskTable(report.snapshot())).toBe(
      ['disk  size   model     serial  holds', 'vda   20 GB  Fast SSD  S4EV    ext4 "photos"'].join('\n'),
    );
    const idle = new BoxReport(['verify'], () => 0, 'lab').snapshot();
    expect(() => diskTable(idle)).toThrow(expect.objectContaining({ code: 'E1307' }));
  });

  test('names the disk, and it is written down who did before the box goes on', async () => {
    expect(await order('serial=S4EV', true)).toBe('vda, 20 GB, Fast SSD, serial S4EV: holds ext4 "photos"');
    expect(await chosen).toBe(disk);
    const { entries } = await api.audit.read(0);
    const written = entries.filter(({ action }) => action === 'install');
    expect(written.map(({ outcome, who, subject }) => [outcome, who.name, subject])).toEqual([
      ['begun', 'alice', '{"serial":"S4EV"}'],
      ['done', 'alice', '{"serial":"S4EV"}'],
    ]);
  });

  test.each([
    ['vdb', 'CPIAB-E1304'],
    ['vda', 'CPIAB-E1306'],
  ])('%s is refused with %s, and the question stands', async (rule, code) => {
    const refused = await refusal(order(rule));
    expect([refused.code, refused.message]).toEqual(['E5308', expect.stringContaining(code)]);
    expect(report.snapshot().install).not.toBeNull();
  });

  test("needs the operator's certificate", async () => {
    const stranger = await startTestApi(() => undefined);
    await stranger.close();
    const refused = await refusal(order('vda', true, stranger.operator));
    expect(refused.message).toContain('403 ');
    expect(report.snapshot().install).not.toBeNull();
  });

  test.each(['', 'colour=red', 'minSize=many'])('the rule %j is none', (rule) => {
    expect(() => ruleOf(rule)).toThrow(expect.objectContaining({ code: 'E1010' }));
  });

  test('a request that is none, or too large, is refused', async () => {
    const { ca, operator } = { ca: api.identity.certificate, operator: api.operator };
    const send = async (body: string) => {
      const options = { method: 'POST', ca, cert: operator.certificate, key: operator.key, body };
      return (await ask(`${api.url}/v1/install`, options)).status;
    };
    expect(await send('{"disk": {}}')).toBe(400);
    expect(await send(JSON.stringify({ disk: { name: 'x'.repeat(5000) }, erase: true }))).toBe(413);
    expect(report.snapshot().install).not.toBeNull();
  });
});

describe('following an installation', () => {
  const follow = (seconds = 30) => followInstall(address(), seconds, { progress: () => {}, signal });

  test('ends when the box is gone after all was read back', async () => {
    report.begin('restart');
    setTimeout(() => void api.close(), 1000);
    await expect(follow()).resolves.toBeUndefined();
    api = await startTestApi(() => undefined);
  }, 40_000);

  test('tells why a box stopped', async () => {
    report.failed('copy', { problem: 'the medium is bad', nextAction: 'copy it again' }, true);
    expect(await refusal(follow())).toMatchObject({ code: 'E5003', hint: 'copy it again' });
  });

  test('says how far it came in the time', async () => {
    report.begin('copy');
    expect(await refusal(follow(1))).toMatchObject({
      code: 'E5310',
      message: expect.stringContaining('copy'),
    });
  });
});
