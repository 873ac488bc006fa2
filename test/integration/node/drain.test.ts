import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drainNode } from '../../../agent/engine/nodes.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const never = new AbortController().signal;

/** What kubectl says, in its words, and how it ends. */
async function kubectl(stdout: string, stderr: string, status: number): Promise<string[]> {
  await writeFile(path('said'), stdout);
  await writeFile(path('complained'), stderr);
  const script = `echo "$@" >${path('asked')}; cat ${path('said')}; cat ${path('complained')} >&2; exit ${status}`;
  return ['sh', '-c', script, 'kubectl'];
}

test('what was moved is told', async () => {
  const said = 'node/n1 cordoned\nevicting pod default/web-1\npod/web-1 evicted\nnode/n1 drained\n';
  expect(await drainNode(await kubectl(said, '', 0), '/k', 'n1', 5000, never)).toEqual(['web-1']);
});

test('pods that a budget keeps are an error that says so', async () => {
  const complained =
    'error when evicting pods/"web-1" -n "default" (will retry after 5s): Cannot evict pod as it would violate the pod\'s disruption budget.\n'.repeat(
      3,
    );
  const command = await kubectl('', `${complained}error: unable to drain node "n1"\n`, 1);
  await expect(drainNode(command, '/k', 'n1', 5000, never)).rejects.toMatchObject({
    code: 'E5510',
    message: expect.stringContaining('disruption budget'),
  });
});
