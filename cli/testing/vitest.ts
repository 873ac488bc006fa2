import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ProcessError, run } from '../../host/process.ts';
import { Mark } from './mark.ts';
import type { Failure, Outcome, TestPart } from './part.ts';

/** The members that are read of Vitest's JSON report. */
interface VitestReport {
  success: boolean;
  numPassedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: VitestAssertion[] }[];
}

interface VitestAssertion {
  fullName: string;
  status: string;
  failureMessages: string[];
}

/** Tests of some projects of vitest.config.ts. */
export function vitest(name: string, title: string, projects: string[]): TestPart {
  return {
    name,
    title,
    run: async ({ repository, signal, onLine }) => {
      const scratch = await mkdtemp(join(tmpdir(), 'cpiab-test-'));
      const mark = new Mark();
      try {
        const report = join(scratch, 'report.json');
        const ended = await run(argv(repository, projects, report), {
          cwd: repository,
          env: mark.env,
          signal,
          onLine,
          maxOutput: 256 << 20,
        }).catch((error: unknown) => {
          // A failed test makes a status too: the report tells.
          if (!(error instanceof ProcessError)) throw error;
        });
        return await readReport(report, repository, ended !== undefined);
      } finally {
        // Tests that are interrupted leave what they started, such as boxes.
        if (signal.aborted) await mark.end();
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
}

function argv(repository: string, projects: string[], report: string): string[] {
  return [
    process.execPath,
    join(repository, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests',
    // A machine that is busy for a moment is no news about the program; that a test needed it is told.
    '--retry=1',
    ...projects.flatMap((project) => ['--project', project]),
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  ];
}

async function readReport(path: string, repository: string, endedWell: boolean): Promise<Outcome> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) return outcomeOf(JSON.parse(text) as VitestReport, repository, endedWell);
  const failures = [{ file: 'vitest', test: '', message: 'it ended without a report' }];
  return { passed: 0, failed: 1, skipped: 0, failures, retried: [] };
}

/** @param endedWell status 0, which errors outside of tests prevent: no report has them. */
export function outcomeOf(report: VitestReport, repository: string, endedWell: boolean): Outcome {
  const { failures, retried } = troubles(report, repository);
  if (failures.length === 0 && !(report.success && endedWell))
    failures.push({ file: 'vitest', test: '', message: 'an error outside of tests: see its output' });
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    ...{ failures, retried },
  };
}

/** Each failed test, each file that failed beside its tests (as it was loaded, in a hook), each test that failed only at first. */
function troubles({ testResults }: VitestReport, repository: string): Pick<Outcome, 'failures' | 'retried'> {
  const tests = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(repository, name);
    const isBroken = status === 'failed' && assertionResults.every((each) => each.status !== 'failed');
    const why = message === '' ? 'a hook of it failed: see its output' : message;
    const beside = isBroken ? [{ file, fullName: '', status, failureMessages: [why] }] : [];
    return [...beside, ...assertionResults.map((assertion) => ({ file, ...assertion }))];
  });
  const named = (each: (typeof tests)[number]): Failure => ({
    ...{ file: each.file, test: each.fullName, message: firstLine(each.failureMessages[0] ?? '') },
  });
  return {
    failures: tests.filter(({ status }) => status === 'failed').map(named),
    retried: tests
      .filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0)
      .map(named),
  };
}

function firstLine(text: string): string {
  return stripVTControlCharacters(text).split('\n')[0] ?? '';
}
