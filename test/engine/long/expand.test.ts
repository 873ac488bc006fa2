import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pod } from '../../../agent/expand/pods.ts';
import { isReadyPod } from '../../../agent/expand/pods.ts';
import { until } from '../../../agent/until.ts';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import type { ExpansionPlan, ExpansionStatus } from '../../../contract/expand.ts';
import { Containers } from '../../support/expand/containers.ts';
import { deployment, disruptionBudget } from '../../support/expand/objects.ts';
import { JoinLab, type Worker } from '../../support/join/lab.ts';
import { removeTree } from '../../support/remove-tree.ts';

/** Not the one that the site lets in by itself. */
const otherMachine = 'f'.repeat(32);
const lab = new JoinLab();
let scratch: string;
let containers: Containers;

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(300_000));
const nodes = () => lab.box<EnrolledNode[]>('nodes');
const expansion = () => lab.box<ExpansionStatus>('expansion');
const stateOf = async () => (await expansion()).expansion?.state;
const invite = async (name: string) => (await lab.box<{ invitation: string }>(`invite ${name}`)).invitation;

async function podsOf(app: string): Promise<Pod[]> {
  const list = ['get', 'pods', '--namespace', 'payments', '--selector', `app=${app}`, '--output', 'json'];
  return JSON.parse(await lab.kubectl(...list)).items;
}
const readyOn = async (app: string) =>
  (await podsOf(app))
    .filter(isReadyPod)
    .map(({ spec }) => spec.nodeName ?? '')
    .toSorted();

async function machine(
  name: string,
  address: string,
  id: string | undefined,
  images: string[],
): Promise<Worker> {
  const worker = await lab.worker(name, address, 'agent', id);
  await containers.install(worker.machine, images);
  worker.agent(await invite(name));
  return worker;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-expand-'));
  containers = new Containers(scratch);
  await Promise.all([containers.prepare(), lab.open()]);
  await machine('worker-1', '10.99.0.21', undefined, ['cpiab.dev/test/web:1']);
  await soon(async () => (await nodes()).some(({ cluster }) => cluster === 'ready'));
  await lab.create(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'payments' } }));
  await lab.create(deployment('web', 3, 'ingest'));
  await lab.create(disruptionBudget('web', 2));
  await soon(async () => (await readyOn('web')).length === 3);
}, 900_000);
afterAll(async () => {
  await lab.close();
  await removeTree(scratch);
});

test('two machines join one after the other, then the pods move, never more than one of them away', async () => {
  const images = ['cpiab.dev/test/web:1', 'cpiab.dev/test/ledger:1'];
  await machine('ingest-1', '10.99.0.22', otherMachine, images);
  await machine('ingest-2', '10.99.0.23', otherMachine, images);
  const pending = async () => (await nodes()).filter(({ state }) => state === 'pending').length;
  await soon(async () => (await pending()) === 2);
  const plan = await lab.box<ExpansionPlan>('plan ingest');
  expect(plan.pools[0]?.machines.map(({ name }) => name)).toEqual(['ingest-1', 'ingest-2']);
  expect(plan.pools[0]?.moves[0]).toMatchObject({ there: 0, stays: [] });
  expect(plan.pools[0]?.moves[0]?.pods.map(({ node }) => node)).toEqual(['worker-1', 'worker-1', 'worker-1']);
  const started = performance.now();
  await lab.box(`expand ${plan.digest}`);
  const most = { joining: 0, away: 0 };
  let restarted = false;
  await soon(async () => {
    const isJoining = ({ state, cluster }: EnrolledNode) =>
      state === 'approved' || cluster === 'enrolled' || cluster === 'joining';
    const joining = (await nodes()).filter(isJoining);
    most.joining = Math.max(most.joining, joining.length);
    most.away = Math.max(most.away, 3 - (await readyOn('web')).length);
    const { expansion: run } = await expansion();
    if (!restarted && (run?.moved.length ?? 0) > 0) {
      restarted = true;
      await lab.stopAgent();
      void lab.startAgent();
    }
    return run?.state === 'done' || run?.state === 'halted';
  });
  process.stderr.write(`done ${Math.round((performance.now() - started) / 1000)} s after the approval\n`);
  expect(await expansion()).toMatchObject({ expansion: { state: 'done', halt: null } });
  expect([restarted, most]).toEqual([true, { joining: 1, away: 1 }]);
  await soon(async () => (await podsOf('web')).length === 3);
  expect((await readyOn('web')).every((node) => node.startsWith('ingest-'))).toBe(true);
}, 600_000);

test('a disruption budget that lets no pod go, and a pod that cannot become ready, halt it', async () => {
  await lab.kubectl('cordon', 'worker-1');
  await lab.create(deployment('ledger', 1, 'workers'));
  await lab.create(disruptionBudget('ledger', 1));
  await soon(async () => (await readyOn('ledger')).length === 1);
  await lab.kubectl('uncordon', 'worker-1');
  const { digest } = await lab.box<ExpansionPlan>('plan workers');
  await lab.box(`expand ${digest}`);
  await soon(async () => (await stateOf()) === 'halted');
  expect((await expansion()).expansion?.halt?.why).toContain('disruption budget');
  expect((await readyOn('ledger')).length).toBe(1);
  await lab.kubectl('delete', 'poddisruptionbudget', 'ledger', '--namespace', 'payments');
  await lab.box('go-on');
  await soon(async () => (await stateOf()) === 'halted');
  // Its image is not on that node, and nobody may fetch it.
  expect((await expansion()).expansion?.halt?.why).toMatch(
    /its successor ledger-.*: container main: ErrImageNeverPull/,
  );
  expect(await lab.box<string>('problem')).toContain('expansion halted: ');
}, 600_000);
