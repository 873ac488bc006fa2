import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type StepName, stepNames } from '../../../contract/drill/steps.ts';
import { readDrill } from '../../../drill/open.ts';
import { TestDrill } from '../../support/drill.ts';
import { numbers } from '../../support/fuzz/mutate.ts';

const KILLS = 15;
/** Longer than most steps: such a moment lies in a later one, or between two. */
const LATEST_MS = 3000;
/** With `CPIAB_SEED` the same moments again. */
const seed = Number(process.env['CPIAB_SEED'] ?? Date.now() % 1_000_000);

interface Moment {
  /** Not before this step was begun. */
  step: StepName;
  afterMs: number;
}

function momentsOf(random: () => number): Moment[] {
  const moments = Array.from({ length: KILLS }, () => ({
    place: Math.floor(random() * stepNames.length),
    afterMs: Math.floor(random() * LATEST_MS),
  }));
  return moments
    .toSorted((one, other) => one.place - other.place)
    .map(({ place, afterMs }) => ({ step: stepNames[place] ?? 'prepare.banks', afterMs }));
}

/** What the drill had written down last. */
async function lastOf(drill: TestDrill): Promise<string> {
  const entries = (await readDrill(drill.out).catch(() => null))?.journal.entries ?? [];
  const last = entries.at(-1);
  return last === undefined ? 'nothing' : `${last.step} ${last.event}`;
}

async function hasBegun(drill: TestDrill, step: StepName): Promise<boolean> {
  const entries = (await readDrill(drill.out).catch(() => null))?.journal.entries ?? [];
  return entries.some((entry) => entry.step === step);
}

/** @returns where it was; null for a drill that had ended by itself. */
async function killAt(drill: TestDrill, { step, afterMs }: Moment): Promise<string | null> {
  const child = drill.start();
  const ended = once(child, 'exit') as Promise<[number | null]>;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (child.exitCode === null && !(await hasBegun(drill, step))) await sleep(20);
  await Promise.race([sleep(afterMs), ended]);
  const where = await lastOf(drill);
  child.kill('SIGKILL');
  const [status] = await ended;
  if (status !== null && status !== 0) throw new Error(`it ended by itself after ${where}: ${said}`);
  return status === null ? where : null;
}

test(`killed at ${KILLS} moments of chance, a drill goes on, moves and loses nothing`, async () => {
  const drill = await TestDrill.make([], { rtoSeconds: 900, failedPercent: 99, cutOverSeconds: 300 });
  const hits: string[] = [];
  process.stdout.write(`CPIAB_SEED=${seed}\n`);
  for (const moment of momentsOf(numbers(seed))) {
    const where = await killAt(drill, moment);
    if (where === null) break;
    hits.push(where);
    process.stdout.write(
      `killed ${moment.afterMs} ms after ${moment.step} was begun; written last: ${where}\n`,
    );
  }
  const { status, stderr } = await drill.run();
  if (status !== 0) throw new Error(stderr);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'passed', kept: { bank: 'b', balanced: true } });
  expect(report.limits.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(report.workload.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
  expect(report.writers?.overlapMs).toBeLessThan(0);
  expect((await drill.cpiab('verify', drill.out, '--key', drill.publicKey)).stdout).toMatch(/passed, moved/);
  expect(hits.length).toBeGreaterThan(KILLS / 2);
});
