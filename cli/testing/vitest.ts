import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessError, run } from '../../host/process.ts';
import type { Counts, TestPart } from './part.ts';

/** The members that are read of Vitest's JSON report. */
interface VitestReport {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
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
        return await countReport(report);
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
    ...projects.flatMap((project) => ['--project', project]),
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  ];
}

async function countReport(path: string): Promise<Counts> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return { passed: 0, failed: 1, skipped: 0 };
  return countTests(JSON.parse(text) as VitestReport);
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
