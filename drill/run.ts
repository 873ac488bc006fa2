import type { DrillReport } from '../contract/drill/report.ts';
import { type DrillPhase, drillPhases, phaseOf, type StepName, stepNames } from '../contract/drill/steps.ts';
import { CpiabError } from '../contract/errors.ts';
import { messageOf } from '../contract/message-of.ts';
import { type ProgressSink, tracked } from '../contract/progress.ts';
import type { Drill } from './drill.ts';
import { Faults } from './faults.ts';
import { rollBack } from './roll-back.ts';
import { stepOf } from './steps.ts';

export interface RunOptions {
  /** Stops after this phase; `drill run` goes on from there. */
  until: DrillPhase | undefined;
  progress: ProgressSink;
}

/**
 * Runs a drill from where its journal ends. What fails goes back to bank A, whole; a drill that had begun to go back goes
 * on with that.
 * @throws CpiabError E5701 when it went back; the signal's reason when it was interrupted: then nothing is taken back.
 */
export async function runDrill(drill: Drill, options: RunOptions): Promise<void> {
  const { journal } = drill;
  const failed = journal.entries.find(({ event }) => event === 'failed');
  const stopped = failed && { step: failed.step, why: String(failed.result) };
  if (!journal.isOver) await goOn(drill, stopped, options);
  else if (stopped !== undefined) throw gone(stopped);
}

async function goOn(
  drill: Drill,
  stopped: Stopped | undefined,
  { until, progress }: RunOptions,
): Promise<void> {
  const { journal } = drill;
  const faults = new Faults(drill);
  try {
    // A process that was killed has left its faults as they were.
    await faults.end();
    if (stopped !== undefined) throw await goneBack(drill, stopped, progress);
    for (const step of stepNames) {
      if (until !== undefined && drillPhases.indexOf(phaseOf(step)) > drillPhases.indexOf(until)) return;
      if (journal.stateOf(step) !== 'done') await runStep(drill, step, faults, progress);
    }
  } finally {
    await faults.end();
  }
}

async function runStep(drill: Drill, step: StepName, faults: Faults, progress: ProgressSink): Promise<void> {
  const { journal, signal } = drill;
  const { title, run } = stepOf(step);
  try {
    signal.throwIfAborted();
    await tracked(progress, { id: step, title: `${step}: ${title}` }, async () => {
      await faults.before(step);
      await journal.add(step, 'begun');
      const result = await faults.during(step, () => run(drill));
      await faults.after(step);
      await journal.add(step, 'done', result);
    });
  } catch (error) {
    signal.throwIfAborted();
    const why = messageOf(error);
    await journal.add(step, 'failed', why);
    await faults.setClocks();
    throw await goneBack(drill, { step, why }, progress);
  }
}

type Stopped = NonNullable<DrillReport['stopped']>;

async function goneBack(drill: Drill, stopped: Stopped, progress: ProgressSink): Promise<CpiabError> {
  await rollBack(drill, stopped, progress);
  return gone(stopped);
}

const gone = ({ step, why }: Stopped) => new CpiabError('E5701', { subject: step, args: [why] });
