import { expect, test } from 'vitest';
import type { BoxStatus } from '../../../contract/status.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { startLab } from '../support/lab.ts';
import { buildDiscs } from '../support/versions.ts';
import { watch } from '../support/watch.ts';

const LIMIT_MS = 60 * 60_000;
const path = freshDirectory();

/** Boots a disc with the box's data, until its node is Ready and nothing of the cluster is left to start. */
async function ready(disc: string): Promise<BoxStatus> {
  const box = await startLab(disc, '--disk', path('data.raw'));
  const isReady = ({ nodes, marks }: BoxStatus) =>
    nodes.some((node) => node.ready) && marks.some(({ name }) => name === 'cluster');
  try {
    return (await watch(box.status, isReady, LIMIT_MS)).status;
  } finally {
    await box.cut();
  }
}

const engineOf = ({ steps }: BoxStatus) => steps.find(({ name }) => name === 'engine')?.detail;

test('a version with another control plane takes the cluster over, and brings its own', async () => {
  const [old, changed] = await buildDiscs(path(), 'changed');
  expect(engineOf(await ready(old))).toContain('a new cluster');
  const second = await ready(changed);
  process.stderr.write(
    `${engineOf(second)}; node Ready ${Math.round(second.uptimeMs / 1000)} s after power-on\n`,
  );
  expect(engineOf(second)).toContain('the same cluster as before, its control plane written anew');
});
