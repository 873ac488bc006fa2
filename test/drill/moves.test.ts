import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDrill } from '../../drill/open.ts';
import { ProcessError, run } from '../../host/process.ts';
import { TestDrill } from '../support/drill.ts';

/** Who starts a drill again is part of the time that writes take then, and so is this machine. */
const patient = { rtoSeconds: 900, failedPercent: 95, cutOverSeconds: 300 };

test('a drill that is killed in every phase, and meets faults that pass, moves and loses nothing', async () => {
  const drill = await TestDrill.make(
    [
      { fault: 'kill', at: 'prepare.services', when: 'after' },
      { fault: 'kill', at: 'assess.fit', when: 'before' },
      { fault: 'kill', at: 'seal.cargo', when: 'after' },
      { fault: 'corrupt-cargo', at: 'ship.verify' },
      { fault: 'kill', at: 'land.box', when: 'after' },
      { fault: 'rogue-box', at: 'spread.join' },
      { fault: 'stolen-invitation', at: 'spread.join' },
      { fault: 'kill', at: 'spread.join', when: 'after' },
      { fault: 'loss', at: 'move.replicate', percent: 5, seconds: 5 },
      { fault: 'kill', at: 'move.replicate', when: 'after' },
      { fault: 'expired-approval', at: 'move.approve' },
      { fault: 'kill', at: 'move.fence', when: 'after' },
      { fault: 'split', at: 'move.catch-up', seconds: 5 },
      { fault: 'kill', at: 'move.promote', when: 'after' },
      { fault: 'kill', at: 'settle.writes', when: 'after' },
    ],
    patient,
  );
  const { status, stderr } = await drill.run();
  if (status !== 0) throw new Error(stderr);
  expect(drill.killed).toBe(9);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'passed', stopped: null });
  expect(report.limits.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(report.workload.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
  expect(report.kept).toMatchObject({ bank: 'b', balanced: true });
  expect(report.writers?.overlapMs).toBeLessThan(0);
  expect(report.faults.filter(({ injected }) => injected === null)).toEqual([]);
  const found = (step: string) => report.steps.find((one) => one.step === step)?.result;
  expect(found('ship.verify')).toMatchObject({ copiedAgain: [0] });
  expect(found('spread.join')).toMatchObject({
    intrusions: {
      'rogue-box': expect.stringMatching(/^CPIAB-E5005 /),
      'stolen-invitation': expect.stringMatching(/^CPIAB-E2507 .*used/),
    },
  });
  expect(found('move.approve')).toMatchObject({ refusedBefore: expect.stringMatching(/^it was good until/) });
  expect(found('settle.read-only')).toMatchObject({ attempts: 6, taken: 0 });
  expect(found('settle.revoke')).toMatchObject({ revoked: ['a-batch', 'a-db', 'a-files', 'a-web'] });
  await expectVerifiable(drill);
  await expectGone(drill);
  expect(await drill.run()).toMatchObject({ status: 2, stderr: expect.stringContaining('CPIAB-E1704') });
});

/** With the public key alone; and no value of the report can be another one. */
async function expectVerifiable(drill: TestDrill): Promise<void> {
  const key = ['--key', drill.publicKey];
  expect((await drill.cpiab('verify', drill.out, ...key)).stdout).toMatch(
    /: passed, moved; signed by [0-9A-F]{16}/,
  );
  await run(['minisign', '-V', '-m', drill.evidence('report.json'), '-p', drill.publicKey]);
  const copy = join(drill.directory, 'copy');
  const edits: [string, (text: string) => string, string][] = [
    ['report.json', (text) => text.replace('"lost": 0', '"lost": 1'), 'E2101'],
    ['report.json', (text) => text.replace('"verdict": "passed"', '"verdict": "failed"'), 'E2101'],
    ['payments.jsonl', (text) => text.replace('"sent":1', '"sent":2'), 'E2601'],
    ['log-b.json', (text) => text.replace('approve', 'deny'), 'E2601'],
    ['report.html', (text) => text.replace('passed', 'passed!'), 'E2601'],
  ];
  for (const [name, edit, code] of edits) {
    await cp(join(drill.out, 'evidence'), copy, { recursive: true, force: true });
    const text = await readFile(join(copy, name), 'utf8');
    expect(edit(text)).not.toBe(text);
    await writeFile(join(copy, name), edit(text));
    const said = await drill.cpiab('verify', copy, ...key).catch((error: unknown) => error);
    expect(said).toBeInstanceOf(ProcessError);
    expect(said).toMatchObject({ status: 3, stderr: expect.stringContaining(`CPIAB-${code}`) });
  }
}

/** Nothing of the banks is left on this machine. */
/** Others may have drills of their own here. */
async function expectGone({ out }: TestDrill): Promise<void> {
  const { world } = await readDrill(out);
  const { stdout } = await run(['ip', 'netns', 'list']);
  expect(stdout.split('\n').filter((name) => name.includes(world.id))).toEqual([]);
}
