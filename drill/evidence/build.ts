import { createHash } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signBytes } from '../../builder/bundle/minisign.ts';
import {
  type DrillReport,
  held,
  type Kept,
  type LimitReport,
  verdictOf,
} from '../../contract/drill/report.ts';
import { type BankName, type Scenario, workloadParts } from '../../contract/drill/scenario.ts';
import { drillPhases, phaseOf, type StepName, stepNames } from '../../contract/drill/steps.ts';
import { ensureDirectory, sha256File, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { Drill } from '../drill.ts';
import type { Journal } from '../journal.ts';
import { readCustomers, readStatements } from '../measure/logs.ts';
import { lostOf, partsOf, requestsOf, type Servers, type Writes, writersOf } from '../measure/writes.ts';
import { customersLog, statementsLog } from '../netns/services.ts';
import { approvalPath } from '../phases/move.ts';
import { reportHtml } from './html.ts';

/** Names of what lies beside the report. */
export const evidenceFiles = {
  ...{ report: 'report.json', signature: 'report.json.minisig', page: 'report.html' },
  ...{
    scenario: 'scenario.yaml',
    journal: 'journal.jsonl',
    payments: 'payments.jsonl',
    approval: 'approval.json',
  },
  ...{
    statementsA: 'statements-a.jsonl',
    statementsB: 'statements-b.jsonl',
    logA: 'log-a.json',
    logB: 'log-b.json',
  },
} as const;

/** What only a drill that still has its banks can tell. */
export interface Measured {
  egress: Record<string, number> | null;
  kept: Kept | null;
  logs: DrillReport['logs'];
}

/** Writes the folder of evidence from journal and logs, and signs it. Nothing in it is typed by hand. */
export async function writeEvidence(
  drill: Drill,
  outcome: Pick<DrillReport, 'outcome' | 'stopped'>,
  measured: Measured,
): Promise<DrillReport> {
  const directory = await ensureDirectory(drill.world.evidence);
  await gather(drill, directory);
  const writes = await readWrites(directory);
  const content = await describe(drill, outcome, measured, writes);
  const page = reportHtml(content);
  await writeAtomic(join(directory, evidenceFiles.page), page);
  const files: Record<string, string> = {};
  for (const name of Object.values(evidenceFiles)) {
    if (name === evidenceFiles.report || name === evidenceFiles.signature) continue;
    const found = await sha256File(join(directory, name)).catch(unlessAbsent);
    if (found !== null) files[name] = found.sha256;
  }
  const report = { ...content, files };
  const bytes = Buffer.from(`${JSON.stringify(report, null, 1)}\n`);
  await writeAtomic(join(directory, evidenceFiles.report), bytes);
  const comment = `drill ${report.name} ${report.id} ${report.verdict}`;
  await writeAtomic(join(directory, evidenceFiles.signature), signBytes(bytes, drill.key, comment));
  return report;
}

const unlessAbsent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

async function gather({ world }: Drill, directory: string): Promise<void> {
  const sources = {
    [evidenceFiles.scenario]: join(world.out, evidenceFiles.scenario),
    [evidenceFiles.journal]: join(world.out, evidenceFiles.journal),
    [evidenceFiles.approval]: join(world.out, evidenceFiles.approval),
    [evidenceFiles.payments]: customersLog(world),
    [evidenceFiles.statementsA]: statementsLog(world, 'a'),
    [evidenceFiles.statementsB]: statementsLog(world, 'b'),
  };
  for (const [name, path] of Object.entries(sources))
    await cp(path, join(directory, name)).catch(unlessAbsent);
}

/** @param directory of evidence. */
export async function readWrites(directory: string): Promise<Writes> {
  const customers = await readCustomers(join(directory, evidenceFiles.payments));
  const [a, b] = await Promise.all(
    [evidenceFiles.statementsA, evidenceFiles.statementsB].map((name) =>
      readStatements(join(directory, name)),
    ),
  );
  return { customers, statements: [...(a ?? []), ...(b ?? [])] };
}

async function describe(
  drill: Drill,
  { outcome, stopped }: Pick<DrillReport, 'outcome' | 'stopped'>,
  { egress, kept, logs }: Measured,
  writes: Writes,
): Promise<Omit<DrillReport, 'files'>> {
  const { world, journal, scenario } = drill;
  const text = await readFile(join(world.out, evidenceFiles.scenario));
  const workload = partsOf(writes, lostOf(kept), fencedAt(journal));
  const requests = requestsOf(writes);
  const writers = writersOf(writes, databasesOf(scenario));
  const limits = limitsOf(scenario.limits, { workload, requests, writers, egress, kept }, outcome);
  return {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'DrillReport', id: world.id, substrate: world.substrate },
    scenario: createHash('sha256').update(text).digest('hex'),
    ...{ outcome, verdict: verdictOf(outcome, limits), stopped },
    versions: await versionsOf(drill),
    ...historyOf(scenario, journal),
    ...{ workload, requests, writers, kept, egress, logs, limits },
    approvals: await approvalsOf(drill),
  };
}

/** When bank A was to take no more writes; null when it never came to that. */
export function fencedAt({ entries }: Pick<Journal, 'entries'>): number | null {
  return entries.find(({ step, event }) => step === 'move.fence' && event === 'begun')?.time ?? null;
}

/** Addresses of the databases: what acknowledgements name. */
export function databasesOf({ banks }: Scenario): Servers {
  const of = (bank: BankName) =>
    Object.values(banks[bank].hosts).find(({ runs }) => runs === 'database')?.address ?? '';
  return { a: of('a'), b: of('b') };
}

type Figures = Pick<DrillReport, 'workload' | 'requests' | 'writers' | 'egress'> & {
  kept: { balanced: boolean } | null;
};

/** Every limit, whatever has become of the drill: of one that went back, times of a cut-over count only if there was one. */
export function limitsOf(
  allowed: Scenario['limits'],
  { workload, requests, writers, egress, kept }: Figures,
  outcome: DrillReport['outcome'],
): LimitReport[] {
  const part = (name: string) => workload.find((one) => one.part === name);
  const rto = (name: string) => part(name)?.rtoMs ?? null;
  const percent = requests === null || requests.made === 0 ? null : (100 * requests.failed) / requests.made;
  return [
    ...workloadParts.map((name) =>
      held(`rtoSeconds of ${name}`, allowed.rtoSeconds, rto(name) === null ? null : Number(rto(name)) / 1000),
    ),
    ...workloadParts.map((name) =>
      held(`lostWrites of ${name}`, allowed.lostWrites, part(name)?.lost ?? null),
    ),
    held(
      'failedPercent of requests',
      allowed.failedPercent,
      percent === null ? null : Math.round(percent * 100) / 100,
    ),
    held('ledger out of balance', 0, kept === null ? null : Number(!kept.balanced)),
    ...(outcome === 'moved' ? [held('overlapMs of writers', 0, writers?.overlapMs ?? null)] : []),
    ...(egress === null
      ? [held('egress packets', 0, null)]
      : Object.entries(egress).map(([host, packets]) => held(`egress packets of ${host}`, 0, packets))),
  ];
}

/** Of machines, as bank B's box has them, and of the cut-over. */
async function approvalsOf(drill: Drill): Promise<DrillReport['approvals']> {
  const { journal } = drill;
  const joined = journal.stateOf('spread.join') === 'done';
  const nodes = joined
    ? journal.resultOf<{ approvals: DrillReport['approvals'] }>('spread.join').approvals
    : [];
  const cutOver = await readFile(approvalPath(drill), 'utf8').catch(unlessAbsent);
  return cutOver === null ? nodes : [...nodes, JSON.parse(cutOver)];
}

/** What scenario and journal tell by themselves. */
export function historyOf(
  scenario: Scenario,
  journal: Journal,
): Pick<DrillReport, 'name' | 'started' | 'ended' | 'steps' | 'phases' | 'faults'> {
  return {
    name: scenario.name,
    started: journal.entries[0]?.time ?? 0,
    ended: journal.entries.at(-1)?.time ?? 0,
    ...timesOf(journal),
    faults: scenario.faults.map((fault, index) => ({ fault, injected: journal.injectedAt(index) })),
  };
}

function timesOf(journal: Journal): Pick<DrillReport, 'steps' | 'phases'> {
  const of = (step: StepName, event: string) =>
    journal.entries.filter((entry) => entry.step === step && entry.event === event);
  const steps = stepNames.flatMap((step): DrillReport['steps'] => {
    const [begun, done] = [of(step, 'begun'), of(step, 'done').at(-1)];
    if (begun[0] === undefined) return [];
    const ended = (done ?? of(step, 'failed').at(-1))?.time ?? null;
    const result = (done?.result ?? null) as DrillReport['steps'][number]['result'];
    return [
      {
        step,
        begun: begun[0].time,
        ended,
        tries: begun.length,
        result,
        takenBack: of(step, 'back').length > 0,
      },
    ];
  });
  const phases = drillPhases.flatMap((phase) => {
    const own = steps.filter(({ step }) => phaseOf(step) === phase);
    const tookMs = own.reduce((sum, { begun, ended }) => sum + ((ended ?? begun) - begun), 0);
    return own.length === 0 ? [] : [{ phase, tookMs }];
  });
  return { steps, phases };
}

async function versionsOf({ repository, journal }: Drill): Promise<Record<string, string>> {
  const version = async (...argv: string[]) => (await run(argv)).stdout.trim().split('\n')[0] ?? '';
  const service = journal.stateOf('prepare.services') === 'done';
  return {
    cpiab: packageJson.version,
    commit: await version('git', '-C', repository, 'rev-parse', 'HEAD'),
    node: process.version,
    kernel: await version('uname', '-sr'),
    nftables: await version('nft', '--version'),
    rsync: await version('rsync', '--version'),
    dnsmasq: await version('dnsmasq', '--version'),
    ...(service && { postgresql: journal.resultOf<{ postgresql: string }>('prepare.services').postgresql }),
  };
}
