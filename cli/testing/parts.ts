import { join } from 'node:path';
import { ProcessError, run } from '../../host/process.ts';
import { dirtyOption } from './dirty.ts';
import type { Outcome, TestHost, TestPart } from './part.ts';
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
  if (extent !== 'quick') {
    parts.push(buildPart, vitest('build-tests', 'tests of the build', ['build']));
    parts.push(vitest('engine', 'tests with Kubernetes and etcd', ['engine']));
    parts.push(vitest('drill', 'moves between two banks in namespaces', ['drill']));
    parts.push(vitest('boot', 'boot tests', ['boot']));
  }
  if (extent === 'all') {
    parts.push(vitest('build-long', 'long tests of the build', ['build-long']));
    parts.push(
      vitest('engine-long', 'control planes and pools that change, routes by Traefik', ['engine-long']),
    );
    parts.push(vitest('drill-long', 'moves that go back, lose power or are killed', ['drill-long']));
    parts.push(vitest('boot-long', 'long boot tests', ['boot-long']));
  }
  return parts;
}

/** What the tests after it look at and boot. With an empty cache it is most of a run, so it is told apart from them. */
const buildPart: TestPart = {
  name: 'build',
  title: 'build of site lab',
  run: async (host) => {
    const flags = await dirtyOption(host.repository);
    return await succeeds(
      'build of site lab',
      [join(host.repository, 'cli', 'main.ts'), 'build', 'lab', ...flags],
      host,
    );
  },
};

/** A checker of node_modules that says yes or no: one test. */
function tool(name: string, title: string, path: string[], args: string[]): TestPart {
  return {
    name,
    title,
    run: (host) => succeeds(title, [join(host.repository, 'node_modules', ...path), ...args], host),
  };
}

/** One test: whether a program for Node.js ends well. */
async function succeeds(
  title: string,
  argv: string[],
  { repository, signal, onLine }: TestHost,
): Promise<Outcome> {
  try {
    await run([process.execPath, ...argv], { cwd: repository, signal, onLine });
    return { passed: 1, failed: 0, skipped: 0, failures: [], retried: [] };
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    const message = error.message.split('\n')[0] ?? '';
    onLine(message);
    return { passed: 0, failed: 1, skipped: 0, failures: [{ file: title, test: '', message }], retried: [] };
  }
}
