import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { buildLab } from '../support/lab.ts';
import { joinTwo, talkBetween } from '../support/two-machines.ts';

const path = freshDirectory();

test('a machine from the ISO of its box, with an invitation in its seed, becomes a Ready node, and its pods reach those of the box', async () => {
  const both = await joinTwo(join(await buildLab(), 'cpiab-lab.iso'), path);
  const { nodes } = await both.box.status();
  expect(nodes.map(({ name, ready }) => [name, ready])).toEqual([
    ['harbour', true],
    ['worker-1', true],
  ]);
  const { podNetwork, images } = await talkBetween(both, path);
  expect(podNetwork).toMatchObject({ backend: 'vxlan', nodes: 1, problem: '' });
  expect(images.notInBundle).toEqual([]);
  const { vxlan, encrypted } = both.tap.seen;
  expect([vxlan > 0, encrypted]).toEqual([true, 0]);
});
