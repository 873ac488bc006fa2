import { basename, join, resolve } from 'node:path';
import type { Substrate } from '../../contract/drill/scenario.ts';
import type { DrillPhase } from '../../contract/drill/steps.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Drill } from '../../drill/drill.ts';
import { beginDrill, expectBanks, openDrill } from '../../drill/open.ts';
import { rollBack } from '../../drill/roll-back.ts';
import { runDrill } from '../../drill/run.ts';
import { tearDown } from '../../drill/tear-down.ts';
import type { CliContext } from '../context.ts';
import { printReport, readReport } from './show.ts';

export interface RunOptions {
  scenario: string;
  substrate: Substrate;
  out: string | undefined;
  until: DrillPhase | undefined;
  keep: boolean;
}

/** Runs a drill to its end, and tells what it has measured. @throws CpiabError E5701, E5703. */
export async function runHere({ scenario, substrate, out, until, keep }: RunOptions, context: CliContext) {
  const { repository, signal, progress } = context;
  const name = basename(scenario).replace(/\.ya?ml$/, '');
  const directory = resolve(out ?? join(repository, 'dist', 'drills', name));
  const drill = await beginDrill(
    repository,
    { scenario: resolve(scenario), substrate, out: directory },
    signal,
  );
  await expectBanks(drill);
  let ended = false;
  try {
    await runDrill(drill, { until, progress });
    ended = drill.journal.stateOf('close.report') === 'done';
  } catch (error) {
    ended = error instanceof CpiabError && error.code === 'E5701';
    throw error;
  } finally {
    await leave(drill, ended && !keep);
  }
  if (!ended)
    return context.print({ out: directory, until }, `stopped after ${until}; the same command goes on`);
  await tell(directory, context);
}

async function tell(directory: string, context: CliContext): Promise<void> {
  const report = await readReport(directory);
  printReport(report, directory, context);
  const failed = report.limits.filter(({ result }) => result !== 'pass').map(({ limit }) => limit);
  if (report.verdict === 'failed' && report.outcome === 'moved')
    throw new CpiabError('E5703', { subject: report.name, args: [failed.join(', ')] });
}

export async function rollBackHere(out: string, keep: boolean, context: CliContext): Promise<void> {
  const drill = await openDrill(context.repository, out, context.signal);
  await expectBanks(drill);
  const stopped = drill.journal.entries.findLast(({ event }) => event === 'begun' || event === 'failed');
  if (stopped === undefined) throw new CpiabError('E1702', { subject: out });
  let back = false;
  try {
    const why = stopped.event === 'failed' ? String(stopped.result) : 'somebody took it back';
    if (stopped.event !== 'failed') await drill.journal.add(stopped.step, 'failed', why);
    await rollBack(drill, { step: stopped.step, why }, context.progress);
    back = true;
  } finally {
    await leave(drill, back && !keep);
  }
  await tell(out, context);
}

export async function abortHere(out: string, context: CliContext): Promise<void> {
  const drill = await openDrill(context.repository, out, context.signal);
  await leave(drill, true);
  context.print({ out }, 'both banks are gone; what they had measured stays');
}

async function leave(drill: Drill, away: boolean): Promise<void> {
  drill.leave();
  if (away) await tearDown(drill.world);
}
