import type { AuditReport } from '../../contract/audit.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import type { TrustedKey } from '../../host/rotation.ts';
import type { Medium } from '../verify/medium.ts';
import { readManifest } from '../verify/verify.ts';
import type { Check, Evidence, Seen, Subject } from './check.ts';
import { contentCheck, sealCheck } from './content.ts';
import { documentsOf } from './documents.ts';
import { expiryCheck } from './expiry.ts';
import { lockCheck } from './lock.ts';
import { manifestCheck } from './manifest.ts';
import { provenanceCheck } from './provenance.ts';
import { sbomCheck } from './sbom.ts';
import { sequenceCheck } from './sequence.ts';

/** Everything that is checked once the signature is good, in this order. */
const checks: readonly Check[] = [
  manifestCheck,
  contentCheck,
  sealCheck,
  expiryCheck,
  lockCheck,
  sbomCheck,
  provenanceCheck,
  sequenceCheck,
];

export interface AuditRequest {
  medium: Medium;
  /** Finds the key that signed, among those that are trusted. */
  trust: (medium: Medium) => Promise<TrustedKey>;
  after: Seen | null;
  /** Seconds since 1970-01-01. */
  now: number;
  signal: AbortSignal;
}

export interface Audit {
  report: AuditReport;
  /** Everything that is wrong, in the order of the checks. */
  problems: CpiabError[];
}

type Row = AuditReport['checks'][number];

/**
 * Checks all that can be told of a medium without a network, and goes on after a failure: who audits wants
 * the whole list. Only a wrong signature ends it, since nothing of what is not signed is read.
 */
export async function auditMedium(request: AuditRequest): Promise<Audit> {
  const { medium, after, now, signal } = request;
  const problems: CpiabError[] = [];
  const rows: Row[] = [];
  const signed = await openSigned(request).catch((error: unknown) => {
    rows.push(...withoutSignature(asProblem(error), problems));
    return null;
  });
  if (signed !== null) {
    rows.push(row('signature', { says: `key ${signed.key.name}${ledBy(signed.key)}` }, []));
    const subject: Subject = { ...signed, documents: documentsOf(signed), now, after, signal };
    for (const check of checks) rows.push(await runCheck(check, subject, problems));
  }
  const report: AuditReport = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'AuditReport',
    verified: problems.length === 0,
    at: now,
    medium: { kind: medium.kind, path: medium.path },
    key: signed && { name: signed.key.name, chain: signed.key.chain },
    bundle: signed?.about ?? null,
    checks: rows,
  };
  return { report, problems };
}

async function openSigned({ medium, trust }: AuditRequest) {
  const key = await trust(medium);
  const manifest = await readManifest(medium, key);
  const bytes = await medium.read(`${layout.bundle}/${bundleFiles.manifest}`);
  const digest = digestOfBytes(bytes);
  const { site, sequence, revision } = manifest;
  return { medium, manifest, key, about: { manifest: digest, site, sequence, revision } };
}

const ledBy = ({ chain }: TrustedKey) =>
  chain
    .map(({ from }) => `, named by ${from}`)
    .toReversed()
    .join('');

function withoutSignature(error: CpiabError, problems: CpiabError[]): Row[] {
  problems.push(error);
  const rest = { says: 'nothing is read without a good signature', none: true } as const;
  return [
    row('signature', { says: error.message }, [error]),
    ...checks.map(({ name }) => row(name, rest, [])),
  ];
}

async function runCheck(check: Check, subject: Subject, problems: CpiabError[]): Promise<Row> {
  subject.signal.throwIfAborted();
  const own: CpiabError[] = [];
  const evidence = await check
    .run(subject, (problem) => own.push(problem))
    .catch((error: unknown): Evidence => {
      subject.signal.throwIfAborted();
      const problem = asProblem(error);
      own.push(problem);
      return { says: problem.message };
    });
  problems.push(...own);
  return row(check.name, evidence, own);
}

/** What a check throws otherwise is a defect of it, or of this machine. */
function asProblem(error: unknown): CpiabError {
  if (error instanceof CpiabError) return error;
  throw error;
}

function row(name: Row['name'], { says, count, digest, none }: Evidence, problems: CpiabError[]): Row {
  const passed = none === true ? 'not checked' : 'passed';
  return {
    name,
    result: problems.length > 0 ? 'failed' : passed,
    evidence: says,
    count: count ?? null,
    digest: digest ?? null,
    problems: problems.map((problem) => problem.toJSON()),
  };
}
