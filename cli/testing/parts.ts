import { join } from 'node:path';
import { ProcessError, run } from '../../host/process.ts';
import type { Counts, TestHost, TestPart } from './part.ts';
import { vitest } from './vitest.ts';

export type Extent = 'quick' | 'ci' | 'all';

/** What `cpiab test` runs, in order: the quick answers first. */
export function testParts(extent: Extent): TestPart[] {
  const parts: TestPart[] = [
    tool('types', 'types', ['typescript', 'bin', 'tsc'], ['--noEmit']),
    tool(
      'lint',
      'format, lint, import boundaries, sizes',
      ['@biomejs', 'biome', 'bin', 'biome'],
      ['ci', '--error-on-warnings', '--colors=off'],
    ),
    tool('unused', 'unused code and dependencies', ['knip', 'bin', 'knip.js'], ['--no-progress']),
    vitest('unit', 'unit and documentation tests', ['unit', 'docs']),
    vitest('integration', 'integration tests', ['integration']),
  ];
  if (extent !== 'quick') parts.push(vitest('boot', 'boot tests', ['boot']));
  if (extent === 'all') parts.push(vitest('boot-long', 'long boot tests', ['boot-long']));
  return parts;
}

/** A checker of node_modules that says yes or no: one test. */
function tool(name: string, title: string, path: string[], args: string[]): TestPart {
  return {
    name,
    title,
    run: async ({ repository, signal, onLine }: TestHost): Promise<Counts> => {
      const program = join(repository, 'node_modules', ...path);
      try {
        await run([process.execPath, program, ...args], { cwd: repository, signal, onLine });
        return { passed: 1, failed: 0, skipped: 0 };
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
        onLine(error.message.split('\n')[0] ?? '');
        return { passed: 0, failed: 1, skipped: 0 };
      }
    },
  };
}
