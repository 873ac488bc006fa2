import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../agent/until.ts';
import type { AuditEntry } from '../../contract/audit-log.ts';
import type { EnrolledNode } from '../../contract/enroll.ts';
import { type Answered, type Asked, askKubelet, requestNamed } from '../support/join/kubelet-request.ts';
import { JoinLab, type Worker, type WorkerAgent } from '../support/join/lab.ts';

const lab = new JoinLab();
let worker: Worker;
let agent: WorkerAgent;
let invitation: string;

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(180_000));
const nodeNamed = async (name: string) =>
  (await lab.box<EnrolledNode[]>('nodes')).find((node) => node.name === name);
const isInCluster = async (name: string) => (await nodeNamed(name))?.cluster === 'ready';
const invite = async (name: string) => (await lab.box<{ invitation: string }>(`invite ${name}`)).invitation;
const entries = async () => (await lab.box<{ entries: AuditEntry[] }>('log')).entries;
const inside = async (command: string) => (await worker.machine.run(['sh', '-c', command])).stdout;

beforeAll(() => lab.open(), 600_000);
afterAll(() => lab.close());

test('a machine with an invitation becomes a Ready node of the cluster, as the site declares it', async () => {
  const started = performance.now();
  worker = await lab.worker('worker-1', '10.99.0.21');
  invitation = await invite('worker-1');
  agent = worker.agent(invitation);
  await soon(async () => agent.said('ready') && (await isInCluster('worker-1')));
  process.stderr.write(`ready ${Math.round((performance.now() - started) / 1000)} s after power-on\n`);
  const node = JSON.parse(await lab.kubectl('get', 'node', 'worker-1', '--output', 'json'));
  expect(node.metadata.labels).toMatchObject({ 'cpiab.dev/pool': 'workers', 'example.org/disk': 'fast' });
  expect(node.spec.taints).toContainEqual({ key: 'example.org/slow', effect: 'NoSchedule' });
  expect(node.status.addresses).toContainEqual({ type: 'InternalIP', address: '10.99.0.21' });
  expect(await inside('cat /etc/cni/net.d/10-cpiab.conflist')).toContain(node.spec.podCIDR);
  expect(node.spec.podCIDR).not.toBe('10.42.0.0/24');
});

test('what it joined with is gone then, and the log tells so', async () => {
  await soon(async () => (await entries()).some(({ action }) => action === 'join'));
  expect(await lab.tokensOf('worker-1')).toEqual([]);
  expect(await inside('cat /var/lib/cpiab/node/*.json')).not.toMatch(/[a-z0-9]{6}\.[a-z0-9]{16}"/);
});

test('services are reached from it, by kubelet’s own certificate', async () => {
  await soon(async () => (await inside('nft list table ip kube-proxy || true')).includes('10.44.0.1'));
});

test('its images may come from the box, which gives them to nodes only', async () => {
  const settings = await inside('cat /run/cpiab/certs.d/docker.io/hosts.toml');
  expect(settings).toContain("server = 'https://10.44.0.1:7444/v2/docker.io'");
  expect(settings).toContain('[host."http://127.0.0.1:5000/v2/docker.io"]');
  const ask = (how: string) =>
    inside(
      `curl --silent --cacert /run/cpiab/registry-10.44.0.1-7444.crt ${how} --output /dev/null --write-out '%{http_code}' https://10.44.0.1:7444/v2/`,
    );
  expect(await ask('--cert /run/cpiab/node.pem')).toBe('200');
  expect(await ask('')).toBe('403');
  const own = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:5000/v2/";
  expect(await inside(own)).toBe('200');
});

test('a Node that nobody approved is told until it is gone', async () => {
  const stranger = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'stranger' } });
  await lab.create(stranger);
  await soon(async () => (await lab.box<string | null>('problem'))?.includes('stranger') === true);
  await lab.kubectl('delete', 'node', 'stranger');
  await soon(async () => (await lab.box<string | null>('problem')) === null);
});

describe('a token is for its own node alone', () => {
  let other: Worker;
  let token: string;

  beforeAll(async () => {
    other = await lab.worker('worker-2', '10.99.0.22');
    await other.agent(await invite('worker-2'), 'before material').ended;
    token = (await lab.box<{ token: string }>('mint worker-2')).token;
  });
  afterAll(async () => {
    await lab.box('remove worker-2');
    await other.switchOff();
  });

  test.each<[string, Partial<Asked>, string]>([
    ['for the box', { name: 'box' }, 'it asks for a subject: system:nodes, system:node:box'],
    ['for a ready node', { name: 'worker-1' }, 'it asks for a subject: system:nodes, system:node:worker-1'],
    ['for an administrator', { group: 'system:masters' }, 'it asks for a subject: system:masters'],
    ['for a host', { more: ['-addext', 'subjectAltName=DNS:box'] }, 'it asks for extensions'],
    ['by another signer', { signer: 'kubernetes.io/kube-apiserver-client' }, 'it asks for the signer'],
    ['for a server', { usages: ['server auth'] }, 'it asks for the usages server auth'],
  ])('a certificate %s is refused, and the log tells', async (_, asked, why) => {
    const name = await askKubelet(other, token, { name: 'worker-2', ...asked });
    const { conditions, certificate } = await answered(name);
    expect([conditions[0]?.type, certificate]).toEqual(['Denied', undefined]);
    expect(conditions[0]?.message).toContain(why);
    const entry = (await entries()).find(({ detail }) => detail.includes(name));
    expect([entry?.outcome, entry?.subject.startsWith('node worker-2 ')]).toEqual(['refused', true]);
  });

  test('one in its own name is given for a key once', async () => {
    const asked = { name: 'worker-2', key: 'own' };
    const first = await askKubelet(other, token, asked);
    expect((await answered(first)).conditions[0]).toMatchObject({ type: 'Approved', reason: 'CPiaB' });
    await soon(async () => (await requestNamed(lab, first)).certificate !== undefined);
    const { conditions } = await answered(await askKubelet(other, token, asked));
    expect(conditions[0]?.message).toContain('another request has its key');
  });

  test('a request whose token has ended before it was looked at is taken away, also by an agent that comes later', async () => {
    await lab.stopAgent();
    const late = await askKubelet(other, token, { name: 'worker-2' });
    await lab.kubectl('delete', 'secret', `bootstrap-token-${token.split('.')[0]}`, '-n', 'kube-system');
    void lab.startAgent();
    await soon(async () => !(await lab.kubectl('get', 'csr', '--output', 'name')).includes(late));
  });

  async function answered(name: string): Promise<Answered> {
    await soon(async () => (await requestNamed(lab, name)).conditions.length > 0);
    return await requestNamed(lab, name);
  }
});

test('it is ready again after a power cut, with the invitation that it has used', async () => {
  await worker.switchOff();
  await worker.switchOn();
  agent = worker.agent(invitation);
  await soon(() => agent.said('ready'));
});

test('drained and removed, it ends all of the cluster on itself and forgets the box', async () => {
  expect(await lab.box<string[]>('drain worker-1')).toEqual([]);
  expect(await lab.kubectl('get', 'node', 'worker-1', '--output', 'jsonpath={.spec.unschedulable}')).toBe(
    'true',
  );
  expect(await lab.box('remove worker-1')).toMatchObject({ cluster: 'tokens, member and Node are gone' });
  await agent.ended;
  expect(agent.said('the box has removed this node')).toBe(true);
  expect(await inside('ls /var/lib/cpiab /etc/kubernetes /var/lib/kubelet')).not.toMatch(/node|conf|pki/);
  expect(await lab.kubectl('get', 'nodes', '--output', 'name')).not.toContain('worker-1');
});
