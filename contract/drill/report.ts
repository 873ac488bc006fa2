import { z } from 'zod';
import { sha256 } from '../sha256.ts';
import { substrates, workloadParts } from './scenario.ts';
import { drillPhases, stepNames } from './steps.ts';

const Count = z.int().nonnegative();
/** Milliseconds since the epoch, by the clock of the machine that ran the drill. */
const Moment = z.number();

export const outcomes = ['moved', 'rolled-back'] as const;
export const limitResults = ['pass', 'fail', 'not-measured'] as const;

const StepReportSchema = z.strictObject({
  step: z.enum(stepNames),
  /** Begun anew where it was cut off: the first time. */
  begun: Moment,
  /** Null for one that never ended. */
  ended: Moment.nullable(),
  /** Times that it was begun. */
  tries: Count,
  /** What it found out. */
  result: z.json(),
  /** Whether the way back was gone. */
  takenBack: z.boolean(),
});

const PartReportSchema = z.strictObject({
  part: z.enum(workloadParts),
  /** Writes that were acknowledged; of the database and of the web front the same ones. */
  acknowledged: Count.nullable(),
  /** Of those, what is not there afterwards; RPO is none when this is 0. */
  lost: Count.nullable(),
  /** RTO: longest time between an acknowledged write and the next, from the cut-over on; null when it was not measured. */
  rtoMs: Count.nullable(),
});

/** What customers and batch were told, held against what the bank has that takes writes. */
const KeptSchema = z.strictObject({
  bank: z.enum(['a', 'b']),
  acknowledged: Count,
  statements: Count,
  files: Count,
  missingPayments: z.array(z.string()),
  missingStatements: z.array(z.string()),
  missingFiles: z.array(z.string()),
  /** Every balance is what the payments make of it, and their sum is what it was. */
  balanced: z.boolean(),
});
export type Kept = z.infer<typeof KeptSchema>;

const LimitReportSchema = z.strictObject({
  /** Such as `rtoSeconds of web`. */
  limit: z.string(),
  allowed: z.number(),
  /** Null when it could not be measured, which is a failure. */
  measured: z.number().nullable(),
  result: z.enum(limitResults),
});
export type LimitReport = z.infer<typeof LimitReportSchema>;

/** `evidence/report.json`: what a drill has measured. Signed as a whole, with the SHA-256 of every file beside it. */
export const DrillReportSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('DrillReport'),
  name: z.string(),
  id: z.string(),
  /** Of the scenario's text. */
  scenario: sha256,
  substrate: z.enum(substrates),
  outcome: z.enum(outcomes),
  verdict: z.enum(['passed', 'failed']),
  /** The step at which it went back, and why; null for one that moved. */
  stopped: z.strictObject({ step: z.enum(stepNames), why: z.string() }).nullable(),
  started: Moment,
  ended: Moment,
  versions: z.record(z.string(), z.string()),
  phases: z.array(z.strictObject({ phase: z.enum(drillPhases), tookMs: Count })),
  steps: z.array(StepReportSchema),
  faults: z.array(z.strictObject({ fault: z.json(), injected: Moment.nullable() })),
  workload: z.array(PartReportSchema),
  /** Requests of customers, and how many of them failed. */
  requests: z.strictObject({ made: Count, failed: Count }).nullable(),
  /** No write was acknowledged by the bank that lost writes after the first one by the other. */
  writers: z
    .strictObject({
      lastAtA: Moment.nullable(),
      firstAtB: Moment.nullable(),
      overlapMs: z.number().nullable(),
    })
    .nullable(),
  kept: KeptSchema.nullable(),
  /** Packets to elsewhere that were refused, by `bank/host`. */
  egress: z.record(z.string(), Count).nullable(),
  approvals: z.array(z.json()),
  /** Logs of the boxes: size and root of the tree, and the key that vouches for it. */
  logs: z.array(
    z.strictObject({
      bank: z.enum(['a', 'b']),
      size: Count,
      root: z.string(),
      fingerprint: sha256,
      file: z.string(),
    }),
  ),
  limits: z.array(LimitReportSchema),
  /** Files of the folder, by name. */
  files: z.record(z.string(), sha256),
});
export type DrillReport = z.infer<typeof DrillReportSchema>;

/** A drill has passed when it moved and kept every limit. */
export function verdictOf(
  outcome: DrillReport['outcome'],
  limits: readonly LimitReport[],
): DrillReport['verdict'] {
  return outcome === 'moved' && limits.every(({ result }) => result === 'pass') ? 'passed' : 'failed';
}

/** What a measurement means. @param measured null when there is none. */
export function held(limit: string, allowed: number, measured: number | null): LimitReport {
  const kept = measured !== null && measured <= allowed ? 'pass' : 'fail';
  return { limit, allowed, measured, result: measured === null ? 'not-measured' : kept };
}
