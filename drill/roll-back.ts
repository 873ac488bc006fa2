import type { DrillReport, Kept } from '../contract/drill/report.ts';
import { type StepName, stepNames } from '../contract/drill/steps.ts';
import { CpiabError } from '../contract/errors.ts';
import { type ProgressSink, tracked } from '../contract/progress.ts';
import type { Drill } from './drill.ts';
import { isAcknowledged, readCustomers } from './measure/logs.ts';
import { stopProgram } from './netns/programs.ts';
import { customersLog } from './netns/services.ts';
import { reportRollback } from './phases/close.ts';
import { keptIn } from './phases/settle.ts';
import { stepOf } from './steps.ts';
import { waitFor } from './wait.ts';

const SECONDS = 300;

/**
 * Takes back every step that was begun, the last one first, until bank A is what it was; then looks whether nothing was
 * lost, and reports. May be cut off and begun again.
 * @throws CpiabError E5702 when a step can't be taken back: then nobody takes writes twice, and it can be tried again.
 */
export async function rollBack(
  drill: Drill,
  stopped: NonNullable<DrillReport['stopped']>,
  progress: ProgressSink,
): Promise<DrillReport> {
  const { journal } = drill;
  for (const step of stepNames.toReversed()) {
    const { title, back } = stepOf(step);
    const state = journal.stateOf(step);
    if (back === undefined || state === null || state === 'back') continue;
    await tracked(progress, { id: `${step} back`, title: `back from ${step}: ${title}` }, async () => {
      await back(drill);
      await journal.add(step, 'back');
    }).catch(notYet(drill, step));
  }
  const report = await keptAtA(drill)
    .then((kept) => reportRollback(drill, stopped, kept))
    .catch(notYet(drill, 'close.report'));
  await journal.add('close.report', 'done', { verdict: report.verdict });
  return report;
}

const notYet =
  (drill: Drill, subject: StepName) =>
  (cause: unknown): never => {
    drill.signal.throwIfAborted();
    throw new CpiabError('E5702', { subject, args: [(cause as Error).message], cause });
  };

/** Null when there was no service yet. */
async function keptAtA(drill: Drill): Promise<Kept | null> {
  const { world, journal, signal } = drill;
  if (journal.stateOf('prepare.services') !== 'done') return null;
  const log = customersLog(world);
  const since = Date.now();
  const { address } = world.host('a', 'database');
  const wait = { seconds: SECONDS, what: 'bank A takes no writes', signal };
  // Customers may have stopped before: then there is nothing to wait for.
  const stoppedBefore = journal.entries.some(
    ({ step, event }) => step === 'settle.writes' && event === 'done',
  );
  if (!stoppedBefore)
    await waitFor(async () => {
      const paid = (await readCustomers(log)).filter(isAcknowledged);
      return paid.some(({ server, acknowledged }) => server === address && acknowledged > since)
        ? true
        : null;
    }, wait);
  await stopProgram(world, world.host('a', 'customers'));
  await stopProgram(world, world.host('a', 'batch'));
  return await keptIn(drill, 'a');
}
