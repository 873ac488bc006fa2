import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '../../builder/verify/trusted-key.ts';
import { AuditLogSchema } from '../../contract/audit-log.ts';
import { checkYaml } from '../../contract/document/check-yaml.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { type DrillReport, DrillReportSchema, verdictOf } from '../../contract/drill/report.ts';
import { type Scenario, ScenarioSchema } from '../../contract/drill/scenario.ts';
import { CpiabError } from '../../contract/errors.ts';
import { verifyLog } from '../../host/audit-log.ts';
import { sha256File } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import { verifyBytes } from '../../host/minisign.ts';
import { Journal } from '../journal.ts';
import { lostOf, partsOf, requestsOf, writersOf } from '../measure/writes.ts';
import {
  databasesOf,
  evidenceFiles,
  fencedAt,
  historyOf,
  limitsOf,
  type Measured,
  readWrites,
} from './build.ts';

const LARGEST = 16 << 20;

/**
 * Checks a folder of evidence offline: the signature, every file, the boxes' logs, and that the figures of the report
 * follow from what customers and batch have written down.
 * @param key path of the site's public key; else one of this machine's.
 * @throws CpiabError E2101, E2102, E2114, E2160 to E2162, E2601.
 */
export async function verifyEvidence(
  directory: string,
  key: string | undefined,
): Promise<{ report: DrillReport; key: string }> {
  const path = join(directory, evidenceFiles.report);
  const text = await readTextFile(path, { limit: LARGEST });
  const signaturePath = join(directory, evidenceFiles.signature);
  const signature = await readTextFile(signaturePath);
  const claim = {
    subject: path,
    signature: async () => ({ text: signature, path: signaturePath }),
    rotation: async () => null,
  };
  const trusted = await keyOf(claim, key);
  const bytes = Buffer.from(text);
  if (!verifyBytes(bytes, signature, trusted)) throw new CpiabError('E2101', { subject: path });
  const report = parseDocument(DrillReportSchema, bytes, path, 'the report of a drill');
  await expectFiles(directory, report);
  await expectLogs(directory, report);
  await expectFigures(directory, report);
  return { report, key: trusted.name };
}

const wrong = (subject: string, what: string) => new CpiabError('E2601', { subject, args: [what] });

async function expectFiles(directory: string, { files }: DrillReport): Promise<void> {
  const known: readonly string[] = Object.values(evidenceFiles);
  for (const [name, expected] of Object.entries(files)) {
    const path = join(directory, name);
    if (!known.includes(name)) throw wrong(path, 'no drill writes it');
    const found = await sha256File(path).catch(() => null);
    if (found?.sha256 !== expected)
      throw wrong(path, `its SHA-256 is ${found?.sha256 ?? 'none'}, signed is ${expected}`);
  }
}

async function expectLogs(directory: string, { logs }: DrillReport): Promise<void> {
  for (const { file, size, root, fingerprint } of logs) {
    const path = join(directory, file);
    const log = AuditLogSchema.parse(JSON.parse(await readTextFile(path, { limit: LARGEST })));
    const found = verifyLog(log, path);
    if (found.size !== size || found.root !== root || found.fingerprint !== fingerprint)
      throw wrong(path, 'the report names another state of this log');
  }
}

/** Measures once more, from the signed files. */
async function expectFigures(directory: string, report: DrillReport): Promise<void> {
  const path = join(directory, evidenceFiles.report);
  const scenario = await scenarioOf(directory);
  const journal = await Journal.read(join(directory, evidenceFiles.journal));
  const writes = await readWrites(directory);
  const { kept } = report;
  if (report.scenario !== report.files[evidenceFiles.scenario])
    throw wrong(path, 'it is of another scenario');
  const told = { ...historyOf(scenario, journal), ...(report.outcome === 'moved' && measuredIn(journal)) };
  for (const [name, value] of Object.entries(told))
    if (!isDeepStrictEqual(value, report[name as keyof DrillReport]))
      throw wrong(path, `${name} does not follow from the journal`);
  const figures = {
    workload: partsOf(writes, lostOf(kept), fencedAt(journal)),
    requests: requestsOf(writes),
    writers: writersOf(writes, databasesOf(scenario)),
  };
  for (const [name, value] of Object.entries(figures))
    if (!isDeepStrictEqual(value, report[name as keyof typeof figures]))
      throw wrong(path, `${name} does not follow from the logs`);
  const limits = limitsOf(scenario.limits, { ...figures, egress: report.egress, kept }, report.outcome);
  if (!isDeepStrictEqual(limits, report.limits))
    throw wrong(path, 'its limits are not those of the scenario');
  if (verdictOf(report.outcome, limits) !== report.verdict)
    throw wrong(path, `its verdict is ${report.verdict}`);
}

/** What a drill that has moved wrote down when it measured. */
function measuredIn(journal: Journal): Measured {
  return {
    kept: journal.resultOf<Measured['kept']>('settle.writes'),
    ...journal.resultOf<Omit<Measured, 'kept'>>('close.measure'),
  };
}

async function scenarioOf(directory: string): Promise<Scenario> {
  const path = join(directory, evidenceFiles.scenario);
  return checkYaml(await readFile(path, 'utf8'), ScenarioSchema, path).content;
}
