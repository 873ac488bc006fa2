import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ProcessError, run } from '../../host/process.ts';
import type { Counts, Failure, Outcome, TestPart } from './part.ts';

/** The members that are read of Vitest's JSON report. */
interface VitestReport {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
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
      try {
        const report = join(scratch, 'report.json');
        await run(argv(repository, projects, report), {
          cwd: repository,
          signal,
          onLine,
          maxOutput: 256 << 20,
        }).catch((error: unknown) => {
          // A failed test makes a status too: the report tells.
          if (!(error instanceof ProcessError)) throw error;
        });
        return await readReport(report, repository);
      } finally {
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

async function readReport(path: string, repository: string): Promise<Outcome> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) {
    const failures = [{ file: 'vitest', test: '', message: 'it ended without a report' }];
    return { passed: 0, failed: 1, skipped: 0, failures, retried: [] };
  }
  const report = JSON.parse(text) as VitestReport;
  return { ...countTests(report), ...troubles(report, repository) };
}

/** Each failed test of a report and each file that could not be loaded, and each test that failed only at first. */
export function troubles(
  report: Pick<VitestReport, 'testResults'>,
  repository: string,
): Pick<Outcome, 'failures' | 'retried'> {
  const tests = report.testResults.flatMap(({ name, status, message, assertionResults }) =>
    status === 'failed' && assertionResults.length === 0
      ? [{ file: relative(repository, name), fullName: '', status, failureMessages: [message] }]
      : assertionResults.map((assertion) => ({ file: relative(repository, name), ...assertion })),
  );
  const troubled = (status: string): Failure[] =>
    tests
      .filter((each) => each.status === status && each.failureMessages.length > 0)
      .map(({ file, fullName, failureMessages }) => ({
        file,
        test: fullName,
        message: firstLine(failureMessages[0] ?? ''),
      }));
  return { failures: troubled('failed'), retried: troubled('passed') };
}

function firstLine(text: string): string {
  return stripVTControlCharacters(text).split('\n')[0] ?? '';
}

/** Counts a report; a file that could not be loaded, or a run that failed otherwise, is a failed test too. */
export function countTests(report: VitestReport): Counts {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
