import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import type { AuditEntry } from '../../../contract/audit-log.ts';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import { JoinLab } from '../../support/join/lab.ts';

const lab = new JoinLab();
let count = 0;

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(240_000));
const named = async (name: string) =>
  (await lab.box<EnrolledNode[]>('nodes')).filter((node) => node.name === name);

beforeAll(() => lab.open(), 600_000);
afterAll(() => lab.close());

/** A machine that nobody has seen, and an invitation for it. */
async function another() {
  count += 1;
  const name = `worker-${count}`;
  const worker = await lab.worker(name, `10.99.0.${20 + count}`);
  return { name, worker };
}

const invite = async (name: string) => (await lab.box<{ invitation: string }>(`invite ${name}`)).invitation;

/** One Node, one record, one certificate, and nothing left to join with. */
async function expectJoinedOnce(name: string): Promise<void> {
  await soon(async () => (await named(name))[0]?.cluster === 'ready');
  const [node, other] = await named(name);
  expect(other).toBeUndefined();
  expect(node?.certificates).toHaveLength(1);
  const isWritten = async () => {
    const { entries } = await lab.box<{ entries: AuditEntry[] }>('log');
    return entries.some(({ action, subject }) => action === 'join' && subject.includes(`${name} `));
  };
  await soon(isWritten);
  expect(await lab.tokensOf(name)).toEqual([]);
}

describe('killed at any moment of a join, a second try makes a machine a Ready node, once', () => {
  test.each([
    'after request',
    'after identity',
    'before material',
    'after material',
    'preflight',
    'kubelet',
    'bootstrap',
    'certificate',
  ])('the node, %s; its power is cut', async (at) => {
    const { name, worker } = await another();
    const invitation = await invite(name);
    await worker.agent(invitation, at).ended;
    await worker.switchOff();
    await worker.switchOn();
    const agent = worker.agent(invitation);
    await soon(() => agent.said('ready'));
    await expectJoinedOnce(name);
    await worker.switchOff();
  });

  test.each(['kubelet', 'certificate'])("the node's agent alone, %s", async (at) => {
    const { name, worker } = await another();
    const invitation = await invite(name);
    await worker.agent(invitation, at).ended;
    const agent = worker.agent(invitation);
    await soon(() => agent.said('ready'));
    await expectJoinedOnce(name);
    await worker.switchOff();
  });

  test.each([
    'before put joining',
    'after put joining',
    'before record issue done',
    'after record issue done',
    'before record join done',
    'after record join done',
    'after put ready',
  ])('the box, %s', async (at) => {
    const { name, worker } = await another();
    await lab.stopAgent();
    const ended = lab.startAgent(at);
    const agent = worker.agent(await invite(name));
    await ended;
    void lab.startAgent();
    await soon(() => agent.said('ready'));
    await expectJoinedOnce(name);
    await worker.switchOff();
  });
});
