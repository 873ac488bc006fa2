import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DrillReport, DrillReportSchema } from '../../contract/drill/report.ts';
import { stepNames } from '../../contract/drill/steps.ts';
import { CpiabError } from '../../contract/errors.ts';
import { formatDuration } from '../../contract/units.ts';
import { evidenceFiles } from '../../drill/evidence/build.ts';
import { verifyEvidence } from '../../drill/evidence/verify.ts';
import { readDrill } from '../../drill/open.ts';
import { stepOf } from '../../drill/steps.ts';
import { readTextFile } from '../../host/input-file.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

const LARGEST = 16 << 20;

export async function showStatus(out: string, context: CliContext): Promise<void> {
  const { world, journal } = await readDrill(out);
  const steps = stepNames.map((step) => ({
    step,
    title: stepOf(step).title,
    state: journal.stateOf(step) ?? 'to do',
  }));
  const rows = steps.map(({ step, title, state }) => [step, state, title]);
  const document = { name: world.scenario.name, id: world.id, steps };
  context.print(document, table([['step', 'state', 'what'], ...rows]));
}

export async function showReport(out: string, context: CliContext): Promise<void> {
  printReport(await readReport(out), out, context);
}

/** @throws CpiabError E1702 before there is one. */
export async function readReport(out: string): Promise<DrillReport> {
  const path = join(out, 'evidence', evidenceFiles.report);
  const text = await readTextFile(path, { limit: LARGEST }).catch((cause: unknown) => {
    throw new CpiabError('E1702', { subject: path, cause });
  });
  return DrillReportSchema.parse(JSON.parse(text));
}

export function printReport(report: DrillReport, out: string, context: CliContext): void {
  context.print(report, [...reportLines(report), '', `evidence: ${join(out, 'evidence')}`].join('\n'));
}

function reportLines({ outcome, verdict, stopped, workload, limits, started, ended }: DrillReport): string[] {
  const parts = workload.map(({ part, acknowledged, lost, rtoMs }) => [
    ...[part, String(acknowledged ?? '–'), String(lost ?? '–')],
    rtoMs === null ? '–' : formatDuration(rtoMs),
  ]);
  const held = limits.map(({ limit, allowed, measured, result }) => [
    ...[limit, String(allowed), String(measured ?? '–'), result],
  ]);
  const where =
    outcome === 'moved'
      ? 'the workload is in bank B'
      : `back in bank A from ${stopped?.step}: ${stopped?.why}`;
  // Of what is refused nowhere one line is enough.
  const shown = held.filter(([limit = '', , measured]) => !limit.startsWith('egress') || measured !== '0');
  return [
    `${verdict}: ${where}, after ${formatDuration(ended - started)}`,
    '',
    table([['part', 'acknowledged', 'lost', 'RTO'], ...parts]),
    '',
    table([['limit', 'allowed', 'measured', 'result'], ...shown]),
    ...(shown.some(([limit = '']) => limit.startsWith('egress')) ? [] : ['no packet left the banks']),
  ];
}

export async function verifyHere(path: string, key: string | undefined, context: CliContext): Promise<void> {
  const inner = join(path, 'evidence');
  const { report, key: signer } = await verifyEvidence(existsSync(inner) ? inner : path, key);
  const { name, id, verdict, outcome } = report;
  const text = `drill ${name} ${id}: ${verdict}, ${outcome}; signed by ${signer}, ${Object.keys(report.files).length} files, figures measured again`;
  context.print({ name, id, verdict, outcome, key: signer, files: report.files }, text);
}
