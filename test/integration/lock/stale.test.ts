import { appendFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { LockDriftSchema } from '../../../contract/lock-drift.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const repository = join(import.meta.dirname, '../../..');
const path = freshDirectory();

/** A clone whose lock is older than an input. */
beforeEach(async () => {
  await run(['git', 'clone', '--quiet', repository, path('clone')]);
  await symlink(join(repository, 'node_modules'), path('clone', 'node_modules'));
  await appendFile(path('clone', 'supply/go/kube/go.mod'), '\n// changed\n');
});

async function refused(...args: string[]): Promise<ProcessError> {
  const env = { CPIAB_CACHE: path('cache'), XDG_CONFIG_HOME: path('config'), CI: 'true' };
  return await run(
    [process.execPath, path('clone', 'cli/main.ts'), 'build', '--frozen', '--dirty', ...args],
    {
      env,
    },
  ).then(
    () => expect.unreachable(),
    (error: unknown) => error as ProcessError,
  );
}

test('a build refuses a lock whose input changed, with a table of what is otherwise', async () => {
  const { status, stderr } = await refused();
  expect(status).toBe(2);
  expect(stderr).toMatch(/^what +was +is +why$/m);
  expect(stderr).toMatch(/^supply\/go\/kube\/go\.mod +[0-9a-f]{12} +[0-9a-f]{12} +input file changed$/m);
  expect(stderr).toContain('CPIAB-E1005');
});

test('programs read the same from the error', async () => {
  const { stderr } = await refused('--json');
  const error = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { drift: unknown };
  const [entry] = LockDriftSchema.shape.entries.parse(error.drift);
  expect(entry).toMatchObject({ kind: 'input', what: 'supply/go/kube/go.mod', why: 'input file changed' });
});
