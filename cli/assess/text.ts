import type { AssessedMachine, Assessment, FitCheck, FitVerdict } from '../../contract/assess.ts';
import { formatBytes } from '../../contract/units.ts';
import { formatCpu } from '../../policy/fit/capacity.ts';
import { table } from '../table.ts';

/** Worst first, as somebody who has to mend it reads. */
const ORDER: readonly FitCheck['result'][] = ['fail', 'unknown', 'remark', 'pass'];

export const inOrder = (checks: readonly FitCheck[]): FitCheck[] =>
  checks.toSorted((a, b) => rank(a) - rank(b));
/** What is unknown and not needed weighs no more than a remark. */
const rank = ({ result, required }: FitCheck) =>
  ORDER.indexOf(result === 'unknown' && !required ? 'remark' : result);

/** An assessment for people: verdict, machines with what would run there, every check. */
export function assessmentText(assessment: Assessment): string {
  const { checks, machines } = assessment;
  const rows = inOrder(checks).map(({ result, what, needed, found }) => [result, what, needed, found]);
  const own = machines.filter(({ role }) => role !== 'seen');
  const parts = [
    verdictLine(assessment),
    own.length === 0 ? null : table([['machine', 'pods', 'CPU', 'memory', 'disk'], ...own.map(machineRow)]),
    table([['result', 'what', 'needed', 'found'], ...rows]),
  ];
  return parts.filter((part) => part !== null).join('\n\n');
}

export const verdictWords: Record<FitVerdict, string> = {
  fits: 'fits',
  'fits-with-remarks': 'fits, with remarks',
  'does-not-fit': 'does not fit',
};

/** Such as `site lab does not fit: 1 not there, 2 not measured`. */
export function verdictLine({ subject, verdict, checks }: Assessment): string {
  const count = (result: FitCheck['result'], word: string, required?: boolean) => {
    const found = checks.filter(
      (one) => one.result === result && (required ?? one.required) === one.required,
    );
    return found.length === 0 ? [] : [`${found.length} ${word}`];
  };
  const why =
    verdict === 'does-not-fit'
      ? [...count('fail', 'not as needed'), ...count('unknown', 'needed and not measured', true)]
      : [...count('remark', 'to look at'), ...count('unknown', 'not measured')];
  return `${subject} ${verdictWords[verdict]}${why.length === 0 ? '' : `: ${why.join(', ')}`}`;
}

function machineRow({
  name,
  role,
  refused,
  runs,
  cpuMillis,
  memoryBytes,
  diskBytes,
}: AssessedMachine): string[] {
  const used = (amounts: number[], all: number | null, text: (amount: number) => string) =>
    `${text(amounts.reduce((a, b) => a + b, 0))} of ${all === null ? '?' : text(all)}`;
  if (refused !== null) return [name, 'none', '', '', ''];
  return [
    role === 'box' ? `${name} (box)` : name,
    String(runs.length),
    used(
      runs.map((run) => run.cpuMillis),
      cpuMillis,
      formatCpu,
    ),
    used(
      runs.map((run) => run.memoryBytes),
      memoryBytes,
      formatBytes,
    ),
    used(
      runs.map((run) => run.diskBytes),
      diskBytes,
      formatBytes,
    ),
  ];
}
