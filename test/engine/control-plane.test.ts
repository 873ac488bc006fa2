import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../agent/until.ts';
import type { AuditEntry } from '../../contract/audit-log.ts';
import type { EnrolledNode } from '../../contract/enroll.ts';
import { JoinLab, type Worker, type WorkerAgent } from '../support/join/lab.ts';

const lab = new JoinLab();
const ADDRESS = '10.99.0.12';
let server: Worker;
let agent: WorkerAgent;
let invitation: string;

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(300_000));
const nodeNamed = async (name: string) =>
  (await lab.box<EnrolledNode[]>('nodes')).find((node) => node.name === name);
const isInCluster = async (name: string) => (await nodeNamed(name))?.cluster === 'ready';
const invite = async (name: string, role: string) =>
  (await lab.box<{ invitation: string }>(`invite ${name} ${role}`)).invitation;
const inside = async (command: string) => (await server.machine.run(['sh', '-c', command])).stdout;

beforeAll(() => lab.open(), 600_000);
afterAll(() => lab.close());

test('a machine that is invited as a control plane waits for a person, also where agents are let in at once', async () => {
  server = await lab.worker('server-2', ADDRESS, 'control-plane');
  invitation = await invite('server-2', 'control-plane');
  agent = server.agent(invitation);
  await soon(async () => (await nodeNamed('server-2')) !== undefined);
  expect(await nodeNamed('server-2')).toMatchObject({ state: 'pending', role: 'control-plane' });
});

test('approved, it is a Ready control plane, and its member of etcd votes', async () => {
  const started = performance.now();
  await lab.box('approve server-2');
  await soon(async () => agent.said('ready') && (await isInCluster('server-2')));
  process.stderr.write(`Ready ${Math.round((performance.now() - started) / 1000)} s after its approval\n`);
  expect(await lab.members()).toEqual({ voters: ['box', 'server-2'], learners: [] });
  const node = JSON.parse(await lab.kubectl('get', 'node', 'server-2', '--output', 'json'));
  expect(node.metadata.labels).toHaveProperty('node-role.kubernetes.io/control-plane');
  expect(node.status.addresses).toContainEqual({ type: 'InternalIP', address: ADDRESS });
  expect(await inside('cat /etc/cni/net.d/10-cpiab.conflist')).toContain(node.spec.podCIDR);
  const ready = ['get', '--raw', '/readyz', '--server', `https://${ADDRESS}:6443`];
  expect(await lab.kubectl(...ready, '--tls-server-name', 'kubernetes')).toBe('ok');
});

test('what it joined with is gone then, and the log has who let it in and as what', async () => {
  const entries = async () => (await lab.box<{ entries: AuditEntry[] }>('log')).entries;
  await soon(async () => (await entries()).some(({ action }) => action === 'join'));
  expect(await lab.tokensOf('server-2')).toEqual([]);
  const about = (await entries()).filter(({ subject }) => subject.startsWith('node server-2 '));
  expect(about.find(({ action }) => action === 'approve')?.who.name).toBe('alice');
  expect(about.map(({ detail }) => detail)).toContain(`join material, role control-plane, for ${ADDRESS}`);
});

test('it is a voter and Ready again after a power cut', async () => {
  await server.switchOff();
  await server.switchOn();
  agent = server.agent(invitation);
  await soon(() => agent.said('ready'));
  await soon(async () => await isInCluster('server-2'));
  expect((await lab.members()).voters).toEqual(['box', 'server-2']);
});

test('an agent reaches whichever API server works', async () => {
  const worker = await lab.worker('worker-1', '10.99.0.21');
  const joined = worker.agent(await invite('worker-1', 'agent'));
  await soon(async () => joined.said('ready') && (await isInCluster('worker-1')));
  const config = (await worker.machine.run(['cat', '/run/cpiab/haproxy.cfg'])).stdout;
  expect([...config.matchAll(/^ {2}server \S+ (\S+)$/gm)].map(([, address]) => address)).toEqual([
    '10.44.0.1:6443',
    `${ADDRESS}:6443`,
  ]);
  await worker.switchOff();
});

test('removed, it leaves etcd, and ends all of the cluster on itself', async () => {
  expect(await lab.box('remove server-2')).toMatchObject({ cluster: 'tokens, member and Node are gone' });
  expect((await lab.members()).voters).toEqual(['box']);
  await agent.ended;
  expect(agent.said('the box has removed this node')).toBe(true);
  expect(await inside('ls /var/lib/cpiab /etc/kubernetes /var/lib/etcd')).not.toMatch(/node|conf|pki|member/);
  expect(await lab.kubectl('get', 'nodes', '--output', 'name')).not.toContain('server-2');
});
