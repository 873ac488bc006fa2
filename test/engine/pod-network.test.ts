import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../agent/until.ts';
import { run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { PodNetworkLab, whyNoPodNetwork } from '../support/pod-network/lab.ts';
import { cases, everybody } from '../support/pod-network/semantics.ts';
import type { Spec } from '../support/pod-network/words.ts';

const why = await whyNoPodNetwork();
if (why !== null) process.stderr.write(`the pods' network is not tried: ${why}\n`);
const path = keptDirectory();
const policyPath = (name: string) => `/apis/networking.k8s.io/v1/namespaces/team/networkpolicies/${name}`;
let lab: PodNetworkLab;

async function policies(specs: Record<string, Spec>): Promise<void> {
  for (const [name, spec] of Object.entries(specs))
    await lab.api.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace: 'team' },
      spec,
    });
  await lab.enforced(Object.keys(specs).length);
}

const table = async () =>
  (await run(lab.place('node-a').inside(['nft', 'list', 'table', 'inet', 'cpiab-policy']))).stdout;

/** Not earlier than the next look: policies and pods arrive in no order. */
const soon = (claim: () => Promise<boolean>) => until(claim, AbortSignal.timeout(20_000));

beforeAll(async () => {
  if (why !== null) return;
  lab = new PodNetworkLab(path());
  await lab.open();
});
afterAll(() => lab?.close());
beforeEach(async () => {
  if (why !== null) return;
  const { items } = await lab.api.get<{ items: { metadata: { name: string } }[] }>(policyPath(''));
  for (const { metadata } of items) await lab.api.delete(policyPath(metadata.name));
  await lab.enforced(0);
});

describe.skipIf(why !== null)('NetworkPolicy, as upstream describes it', () => {
  test('without a policy, everybody reaches everybody', async () => {
    expect(await lab.reach(everybody)).toEqual(everybody);
  });

  test.each(cases)('$claim', async ({ specs, open, shut }) => {
    await policies(specs);
    expect(await lab.reach([...open, ...shut], open)).toEqual(open);
  });
});

describe.skipIf(why !== null)('the rules', () => {
  const fromClients = {
    podSelector: { matchLabels: { app: 'server' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
  };
  const relabel = (app: string) =>
    lab.api.merge('/api/v1/namespaces/team/pods/client', { metadata: { labels: { app } } });
  const rulesOf = (text: string) =>
    text.replaceAll(/elements = \{[^}]*\}/g, '').replaceAll(/packets \d+ bytes \d+/g, '');

  test('follow the labels of a pod by elements alone', async () => {
    await policies({ only: fromClients });
    expect(await lab.reach(['client server tcp 80'])).toHaveLength(1);
    const before = await table();
    await relabel('other');
    await soon(async () => (await table()) !== before);
    expect(await lab.reach(['client server tcp 80'])).toEqual([]);
    expect(rulesOf(await table())).toBe(rulesOf(before));
    await relabel('client');
    await soon(async () => (await lab.reach(['client server tcp 80'])).length === 1);
  });

  test('follow the labels of a namespace', async () => {
    const peer = { namespaceSelector: { matchLabels: { trusted: 'yes' } } };
    await policies({ only: { podSelector: {}, ingress: [{ from: [peer] }] } });
    expect(await lab.reach(['guest server tcp 80'])).toEqual([]);
    await lab.api.merge('/api/v1/namespaces/other', { metadata: { labels: { trusted: 'yes' } } });
    await soon(async () => (await lab.reach(['guest server tcp 80'])).length === 1);
    await lab.api.merge('/api/v1/namespaces/other', { metadata: { labels: { trusted: null } } });
    await soon(async () => (await lab.reach(['guest server tcp 80'])).length === 0);
  });

  test('know no address of a pod that has gone or ended', async () => {
    await policies({ only: fromClients });
    const path = '/api/v1/namespaces/team/pods/client';
    await lab.api.tell(path, { phase: 'Succeeded' });
    await soon(async () => !(await table()).includes('10.42.0.11'));
    await lab.api.delete(path);
    await lab.makePod('client');
    await soon(async () => (await table()).includes('10.42.0.11'));
    expect(await lab.reach(['client server tcp 80'])).toHaveLength(1);
  });

  test('do not judge a pod on the network of its node', async () => {
    const path = '/api/v1/namespaces/team/pods/on-host';
    const spec = { nodeName: 'node-a', hostNetwork: true, containers: [{ name: 'main', image: 'none' }] };
    await lab.api.apply(
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'on-host', namespace: 'team' }, spec },
      path,
    );
    await lab.api.tell(path, { phase: 'Running', podIP: '192.0.2.1', podIPs: [{ ip: '192.0.2.1' }] });
    await policies({ only: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } });
    expect(await table()).not.toContain('192.0.2.1');
    await lab.api.delete(path);
  });

  test('take SCTP as a protocol of its own', async () => {
    // No kernel is sure to have SCTP sockets: a datagram becomes a packet of SCTP on its way, ports are at the same place.
    await lab
      .place('client')
      .nft(
        'table ip forge { chain o { type filter hook output priority 0; udp dport 9999 ip protocol set 132; }\n}',
      );
    await lab
      .place('server')
      .nft(
        'table ip forge { chain i { type filter hook prerouting priority raw; ip protocol 132 ip protocol set 17; }\n}',
      );
    // What is in such a packet is no SCTP, which connection tracking would see.
    await lab
      .place('node-a')
      .nft(
        'table ip forge { chain p { type filter hook prerouting priority raw; ip protocol 132 notrack; }\n}',
      );
    const allow = (protocol: string, port: number) => ({
      podSelector: { matchLabels: { app: 'server' } },
      ingress: [{ ports: [{ protocol, port }] }],
    });
    await policies({ only: allow('SCTP', 9999) });
    expect(await lab.reach(['client server udp 9999'])).toHaveLength(1);
    await lab.api.delete(policyPath('only'));
    await lab.enforced(0);
    await policies({ only: allow('UDP', 9999) });
    expect(await lab.reach(['client server udp 9999'])).toEqual([]);
    for (const name of ['client', 'server', 'node-a'] as const)
      await lab.place(name).nft('delete table ip forge');
  });

  test('stay when the program is killed, and go on from there', async () => {
    await policies({ only: fromClients });
    lab.kill('node-a');
    expect(await lab.reach(['guest server tcp 80', 'client server tcp 80'])).toEqual([
      'client server tcp 80',
    ]);
    await lab.api.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'more', namespace: 'team' },
      spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 81 }] }] },
    });
    await lab.start('node-a');
    await lab.enforced(2);
    expect(await lab.reach(['guest server tcp 80', 'guest server tcp 81'])).toEqual(['guest server tcp 81']);
  });
});

describe.skipIf(why !== null)('a pod that starts', () => {
  test('waits for its policies, and is isolated before the cluster knows its address', async () => {
    await policies({ only: { podSelector: { matchLabels: { app: 'client' } } } });
    await lab.api.delete('/api/v1/namespaces/team/pods/client');
    await soon(async () => !(await table()).includes('10.42.0.11'));
    const asked = lab.add('node-a', 'team', 'client', '10.42.0.11');
    const early = await Promise.race([
      asked.then(() => 'started'),
      new Promise((end) => setTimeout(end, 1000, 'waits')),
    ]);
    expect(early).toBe('waits');
    await lab.makePod('client', []);
    expect(JSON.parse(await asked)).toEqual({ cniVersion: '1.0.0', ips: [{ address: '10.42.0.11/24' }] });
    expect(await lab.reach(['guest client tcp 80'])).toEqual([]);
    // A restart knows it too.
    lab.kill('node-a');
    await lab.start('node-a');
    await soon(async () => (await lab.reach(['guest server tcp 80'])).length === 1);
    expect(await lab.reach(['guest client tcp 80'])).toEqual([]);
    await lab.makePod('client');
  });
});

describe.skipIf(why !== null)('between nodes', () => {
  test('a pod sees the address of the pod that asks', async () => {
    const [outcome] = await lab.place('server').probe([{ protocol: 'tcp', host: '10.42.1.10', port: 80 }]);
    expect(outcome).toEqual({ answers: true, seenAs: '10.42.0.10' });
  });

  test('wrapped packets come in from nodes alone', async () => {
    const nodes = async () =>
      (await run(lab.place('node-a').inside(['nft', 'list', 'set', 'inet', 'cpiab', 'nodes']))).stdout;
    expect(await nodes()).toMatch(/elements = \{ 192\.0\.2\.2 \}/);
    const dropped = async () =>
      (await run(lab.place('node-a').inside(['nft', 'list', 'counter', 'inet', 'cpiab', 'port']))).stdout;
    const before = await dropped();
    await lab.place('outside').probe([{ protocol: 'udp', host: '192.0.2.1', port: 8472 }]);
    expect(await dropped()).not.toBe(before);
  });

  test('a node that leaves takes its route and its admission with it', async () => {
    await lab.api.delete('/api/v1/nodes/node-b');
    const route = async () => (await run(lab.place('node-a').inside(['ip', 'route']))).stdout;
    await soon(async () => !(await route()).includes('10.42.1.0/24'));
    await lab.makeNode('node-b');
    await soon(async () => (await lab.reach(['server remote tcp 80'])).length === 1);
  });

  test('CNI gives addresses of the part that the Node has, and packets that fit', async () => {
    const ipam = { type: 'host-local', ranges: [[{ subnet: '10.42.9.0/24' }]] };
    await writeFile(
      lab.cni('node-b'),
      JSON.stringify({ name: 'cpiab', plugins: [{ type: 'bridge', ipam }, { type: 'portmap' }] }),
    );
    lab.kill('node-b');
    await lab.start('node-b');
    const config = async () => JSON.parse(await readFile(lab.cni('node-b'), 'utf8')) as { plugins: object[] };
    await soon(async () => JSON.stringify(await config()).includes('10.42.1.0/24'));
    expect((await config()).plugins).toEqual([
      { type: 'bridge', mtu: 1450, ipam: { type: 'host-local', ranges: [[{ subnet: '10.42.1.0/24' }]] } },
      { type: 'portmap' },
    ]);
  });
});
