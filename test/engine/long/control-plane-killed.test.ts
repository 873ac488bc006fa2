import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import { JoinLab } from '../../support/join/lab.ts';

const lab = new JoinLab();
let count = 1;

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(300_000));
const nodeNamed = async (name: string) =>
  (await lab.box<EnrolledNode[]>('nodes')).find((node) => node.name === name);

beforeAll(() => lab.open(), 600_000);
afterAll(() => lab.close());

/**
 * A join of a control plane that is cut off, and tried again with the invitation that it has used.
 * @param power whether the machine loses it, or its agent alone ends.
 */
async function cutAndTryAgain(at: string, power: boolean): Promise<void> {
  count += 1;
  const name = `server-${count}`;
  const server = await lab.worker(name, `10.99.0.${10 + count}`, 'control-plane');
  const { invitation } = await lab.box<{ invitation: string }>(`invite ${name} control-plane`);
  const first = server.agent(invitation, at);
  await soon(async () => (await nodeNamed(name)) !== undefined);
  await lab.box(`approve ${name}`);
  await first.ended;
  expect(first.said('ready')).toBe(false);
  if (power) {
    await server.switchOff();
    await server.switchOn();
  }
  const second = server.agent(invitation);
  await soon(async () => second.said('ready') && (await nodeNamed(name))?.cluster === 'ready');
  expect(await lab.members()).toEqual({ voters: ['box', name], learners: [] });
  const node = JSON.parse(await lab.kubectl('get', 'node', name, '--output', 'json'));
  expect(node.metadata.labels).toHaveProperty('node-role.kubernetes.io/control-plane');
  await soon(async () => (await lab.tokensOf(name)).length === 0);
  await lab.box(`remove ${name}`);
  await second.ended;
  expect((await lab.members()).voters).toEqual(['box']);
  await server.switchOff();
}

test.each([
  // No member yet; one that has never run; one that learns; one that votes, before and after its kubelet is known.
  'preflight',
  'announced',
  'store',
  'bootstrap',
  'mark',
])('its power cut at %s, a second try makes a machine one control plane', async (at) => {
  await cutAndTryAgain(at, true);
});

test.each(['store', 'mark'])('its agent killed at %s, likewise', async (at) => {
  await cutAndTryAgain(at, false);
});
