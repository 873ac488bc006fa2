import { expect, test } from 'vitest';
import { issueOperator } from '../../../builder/bundle/operator.ts';
import { ExpansionPlanSchema, ExpansionStatusSchema } from '../../../contract/expand.ts';
import type { OperatorRole } from '../../../contract/operator.ts';
import { type EnrollBox, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';
import { World } from '../../support/expand/world.ts';

const { signal } = new AbortController();
const pools = [{ name: 'workers', match: { names: ['worker-*'] }, expand: { surge: 1 } }];

/** A box whose site lets a pool grow, with machines that ask by real requests. */
async function expandingBox(...names: string[]) {
  const box = await startBox({ site: { nodes: { pools } } });
  const world = new World(0);
  box.api.board.put('kube', world.kube);
  const machines = await Promise.all(names.map((name) => asking(box, name)));
  return { box, machines, world };
}

async function asking(box: EnrollBox, name: string, role: 'agent' | 'control-plane' = 'agent') {
  const machine = await Machine.make(box);
  const { parsed } = await box.invite({ name, role });
  const { text } = await machine.post('/v1/enroll', requestOf(machine, parsed, { name, role }));
  return { machine, id: JSON.parse(text).id as string };
}

async function identityOf({ api }: EnrollBox, role: OperatorRole) {
  const ca = { certificate: api.operator.ca, key: api.operator.caKey };
  const { certificate, key } = await issueOperator(
    ca,
    { name: 'bob', role, days: 1, site: 'lab' },
    new Date(),
  );
  return { cert: certificate, key };
}

const turn = ({ api: { board } }: EnrollBox) => board.get('expander').turn(board.get('kube'), signal);
const planOf = async (box: EnrollBox) =>
  ExpansionPlanSchema.parse(JSON.parse((await box.ask('/v1/expand/plan')).text));
const statusOf = async (box: EnrollBox) =>
  ExpansionStatusSchema.parse(JSON.parse((await box.ask('/v1/expand')).text));
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code];

test.each<[OperatorRole, number[]]>([
  ['viewer', [200, 200, 403, 403, 403]],
  ['operator', [200, 200, 409, 409, 409]],
])('a %s may do what the role says', async (role, expected) => {
  const { box } = await expandingBox();
  const identity = await identityOf(box, role);
  const answers = [
    await box.ask('/v1/expand', { identity }),
    await box.ask('/v1/expand/plan?pool=workers', { identity }),
    await box.post('/v1/expand/approve', { digest: 'a'.repeat(64) }, identity),
    await box.post('/v1/expand/stop', {}, identity),
    await box.post('/v1/expand/go-on', {}, identity),
  ];
  expect(answers.map(({ status }) => status)).toEqual(expected);
  expect(codeOf(await box.anonymous('/v1/expand/plan', {}))).toEqual([403, 'CPIAB-E5508']);
});

test('machines of an approved plan get their certificates one after the other, and the log says by whom', async () => {
  const { box, machines, world } = await expandingBox('worker-2', 'worker-1', 'other-1');
  const {
    digest,
    pools: [workers],
  } = await planOf(box);
  expect(workers?.machines.map(({ name }) => name)).toEqual(['worker-1', 'worker-2']);
  expect((await box.post('/v1/expand/approve', { digest, reason: 'rack 4' })).status).toBe(200);
  await turn(box);
  await turn(box);
  const states = async () =>
    Object.fromEntries((await box.nodes()).map(({ name, state }) => [name, state] as const));
  expect(await states()).toEqual({ 'worker-1': 'approved', 'worker-2': 'pending', 'other-1': 'pending' });
  expect(box.api.report.snapshot().expansion).toMatchObject({
    state: 'running',
    machines: { joined: 0, total: 2 },
  });
  const first = machines[1];
  expect((await first?.machine.get(`/v1/enroll/${first.id}`))?.status).toBe(200);
  box.api.board.get('enrollment').see(new Map([['worker-1', true]]));
  world.node('worker-1');
  await turn(box);
  expect(await states()).toEqual({ 'worker-1': 'joined', 'worker-2': 'approved', 'other-1': 'pending' });
  const { entries } = await box.api.audit.read(0);
  const approvals = entries.filter(({ action }) => action === 'approve' || action === 'expand');
  expect(approvals.map(({ who, action }) => [who.name, action])).toEqual([
    ['alice', 'expand'],
    ['alice', 'approve'],
    ['alice', 'approve'],
  ]);
  expect(approvals[0]?.detail).toContain('; rack 4');
  expect(approvals[1]?.detail).toContain(`expansion ${digest}`);
});

test('a plan counts as it was looked at: not with one machine more, and not for another key', async () => {
  const { box, machines } = await expandingBox('worker-1');
  const { digest } = await planOf(box);
  await asking(box, 'worker-2');
  expect(codeOf(await box.post('/v1/expand/approve', { digest }))).toEqual([409, 'CPIAB-E5521']);
  const again = await planOf(box);
  expect((await box.post('/v1/expand/approve', { digest: again.digest })).status).toBe(200);
  expect(codeOf(await box.post('/v1/expand/approve', { digest }))).toEqual([409, 'CPIAB-E5522']);
  // The invitation is for the name, so another machine takes the place of the one that was looked at.
  await asking(box, 'worker-1');
  await turn(box);
  expect((await box.nodes()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  const first = machines[0];
  expect((await first?.machine.get(`/v1/enroll/${first.id}`))?.status).toBe(403);
});

test('a pool that the site lets not grow has no plan, and a control plane is in none', async () => {
  const { box } = await expandingBox();
  expect(codeOf(await box.ask('/v1/expand/plan?pool=none'))).toEqual([404, 'CPIAB-E5523']);
  expect((await box.ask('/v1/expand/plan', { method: 'POST' })).status).toBe(405);
  expect((await box.post('/v1/expand/approve', { digest: 'x' })).status).toBe(400);
});

test('an approved plan is there again after a start of the agent, and an operator ends it', async () => {
  const { box } = await expandingBox('worker-1');
  const { digest } = await planOf(box);
  await box.post('/v1/expand/approve', { digest });
  const directory = box.api.directory;
  const again = await startBox({ directory, site: { nodes: { pools } } });
  again.api.board.put('kube', new World(0).kube);
  expect((await statusOf(again)).expansion).toMatchObject({ digest, state: 'running' });
  await again.post('/v1/expand/stop');
  await turn(again);
  expect((await statusOf(again)).expansion?.state).toBe('stopped');
  expect((await again.nodes()).map(({ state }) => state)).toEqual(['pending']);
});
