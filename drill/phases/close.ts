import { join } from 'node:path';
import type { DrillReport, Kept } from '../../contract/drill/report.ts';
import { verifyLog } from '../../host/audit-log.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import type { Drill } from '../drill.ts';
import { evidenceFiles, type Measured, writeEvidence } from '../evidence/build.ts';
import { egressCounts } from '../netns/network.ts';
import type { Step } from '../step.ts';
import { bankNames } from '../world.ts';

/** What is left to be measured, and the report. */
export const close = {
  measure: { title: "refused packets, and the boxes' logs", run: measure },
  report: { title: 'the report, signed', run: report },
} satisfies Record<string, Step>;

/** Of every bank whose box ran. */
async function measure(drill: Drill): Promise<Omit<Measured, 'kept'>> {
  const logs: DrillReport['logs'] = [];
  await ensureDirectory(drill.world.evidence);
  for (const bank of bankNames) {
    const ran = drill.journal.stateOf(bank === 'a' ? 'prepare.members' : 'land.box') === 'done';
    if (!ran) continue;
    const log = await (await drill.box(bank)).audit();
    const { size, root, fingerprint } = verifyLog(log, `the log of bank ${bank}'s box`);
    const file = bank === 'a' ? evidenceFiles.logA : evidenceFiles.logB;
    await writeAtomic(join(drill.world.evidence, file), `${JSON.stringify(log)}\n`);
    logs.push({ bank, size, root, fingerprint, file });
  }
  const made = drill.journal.stateOf('prepare.banks') === 'done';
  return { egress: made ? await egressCounts(drill.world) : null, logs };
}

async function report(drill: Drill): Promise<Pick<DrillReport, 'verdict'>> {
  const kept = drill.journal.resultOf<Kept>('settle.writes');
  const measured = drill.journal.resultOf<Omit<Measured, 'kept'>>('close.measure');
  const { verdict } = await writeEvidence(drill, { outcome: 'moved', stopped: null }, { ...measured, kept });
  return { verdict };
}

/** The report of a drill that went back: of what there was to measure, all is. */
export async function reportRollback(
  drill: Drill,
  stopped: DrillReport['stopped'],
  kept: Kept | null,
): Promise<DrillReport> {
  const measured = await measure(drill);
  return await writeEvidence(drill, { outcome: 'rolled-back', stopped }, { ...measured, kept });
}
