import { expect, test } from 'vitest';
import type { Term } from '../../../../agent/expand/node-selector.ts';
import { isExpanding, planOf } from '../../../../agent/expand/plan.ts';
import type { Pod } from '../../../../agent/expand/pods.ts';
import { whyStays } from '../../../../agent/expand/stays.ts';
import type { Inventory } from '../../../../contract/inventory.ts';
import { NodesPolicySchema } from '../../../../contract/node-pools.ts';
import { sha } from '../../../support/expand/cast.ts';
import { World, webPod } from '../../../support/expand/world.ts';

const taints = [{ key: 'example.org/slow', value: '', effect: 'NoSchedule' as const }];
const { pools } = NodesPolicySchema.parse({
  pools: [
    {
      ...{ name: 'workers', match: { names: ['worker-*'] } },
      expand: { surge: 2, moves: [{ namespace: 'web', selector: { app: 'web' } }] },
    },
    { name: 'other', match: { names: ['other-*'] }, expand: {} },
    { name: 'fixed', match: { names: ['fixed-*'] } },
  ],
});
const expanding = pools.filter(isExpanding);
const [move] = expanding[0]?.expand.moves ?? [];

function plan(world: World, pods: readonly Pod[] = world.pods, inventory?: Inventory) {
  const nodes = world.nodes.map(({ metadata: { name, labels } }) => ({
    ...{ name, labels, taints: [], ready: true, open: true },
  }));
  const cluster = { nodes, pods: new Map(move === undefined ? [] : [[move, pods]]), volumes: new Map() };
  return planOf(expanding, { pools, machines: world.machines, cluster, inventory });
}

test('machines that ask become nodes of the pool that they match, in the order of their names', () => {
  const world = new World(2);
  for (const name of ['worker-10', 'other-1', 'worker-2', 'fixed-1', 'unknown']) world.ask(name);
  world.ask('worker-3', { state: 'joined' });
  const names = plan(world).pools.map(({ machines }) => machines.map(({ name }) => name));
  expect(names).toEqual([['worker-2', 'worker-10'], ['other-1']]);
  expect(plan(world).pools[0]?.moves[0]?.pods).toEqual([
    { name: 'web-1', node: 'box' },
    { name: 'web-2', node: 'box' },
  ]);
});

test('a control plane is in no plan, nor are two machines of one name', () => {
  const world = new World(0);
  world.ask('worker-1', { role: 'control-plane' });
  world.ask('worker-2');
  world.ask('worker-2', { key: sha('another') });
  const [workers] = plan(world).pools;
  expect(workers?.machines).toEqual([]);
  expect(workers?.leftOut.map(({ name, why }) => [name, why])).toEqual([
    ['worker-1', 'it asks as a control plane, which is never part of a plan'],
    ['worker-2', 'another machine has its name, or asks by it'],
    ['worker-2', 'another machine has its name, or asks by it'],
  ]);
});

test('the digest changes with a key, a request, a machine and a limit, and not with pods', () => {
  const world = new World(2);
  world.ask('worker-1');
  const { digest } = plan(world);
  expect(plan(world, []).digest).toBe(digest);
  const changed = [
    { key: sha('x') },
    { request: sha('x') },
    { name: 'worker-9' },
    { state: 'denied' },
  ] as const;
  for (const more of changed) {
    const other = new World(2);
    other.ask('worker-1', more);
    expect(plan(other).digest).not.toBe(digest);
  }
  const pool = { ...expanding[0], expand: { ...expanding[0]?.expand, surge: 3 } } as (typeof expanding)[0];
  const facts = { machines: world.machines, inventory: undefined };
  const cluster = { nodes: [], pods: new Map(), volumes: new Map() };
  const one = planOf([pool], { pools: [pool], cluster, ...facts }).digest;
  expect(planOf(expanding.slice(0, 1), { pools, cluster, ...facts }).digest).not.toBe(one);
});

test('hosts that discovery proposes as nodes and that have not asked are named', () => {
  const world = new World(0);
  world.ask('worker-1', { address: '::ffff:10.0.0.9' });
  const host = (address: string, names: string[]) => ({
    ...{ id: `address:${address}`, mac: null, link: 'eth0', addresses: [address], names, services: [] },
    ...{ evidence: ['arp' as const], state: 'seen' as const, firstSeen: '', lastSeen: '' },
  });
  const hosts = [
    host('10.0.0.9', ['worker-1.local']),
    host('10.0.0.8', ['worker-8.local']),
    host('10.0.0.7', []),
  ];
  const proposals = hosts.map(({ id, addresses: [target = ''] }) => ({
    ...{
      rule: 'pcs',
      propose: target.endsWith('7') ? ('nfs' as const) : ('join' as const),
      host: id,
      target,
    },
    confidence: 'answered' as const,
  }));
  const inventory = { hosts, proposals } as unknown as Inventory;
  expect(plan(world, [], inventory).discovered).toEqual([
    { address: '10.0.0.8', names: ['worker-8.local'], rule: 'pcs', pool: 'workers' },
  ]);
});

const place = { name: 'worker-1', labels: { 'cpiab.dev/pool': 'workers', zone: 'a' }, taints: [] };
const bound = (zone: string): readonly Term[] => [
  { matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] },
];
const target = {
  ...{ pool: 'workers', places: [place] },
  volumes: new Map([
    ['web/here', bound('a')],
    ['web/elsewhere', bound('b')],
    ['web/anywhere', null],
  ]),
};
const claiming = (claimName: string) =>
  webPod('web-1', 'box', true, { volumes: [{ persistentVolumeClaim: { claimName } }] });
const ownedBy = (kind: string | null) => {
  const pod = webPod('web-1', 'box');
  const owner = kind === null ? [] : [{ kind, uid: 'u', controller: true }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: owner } };
};

test.each<[string, Pod, string | null]>([
  ['asks for the pool', webPod('web-1', 'box'), null],
  [
    'is bound to it',
    webPod('web-1', 'box', true, { affinity: {}, nodeSelector: { 'cpiab.dev/pool': 'workers' } }),
    null,
  ],
  ['does not ask', webPod('web-1', 'box', true, { affinity: {} }), 'it does not ask for the pool'],
  [
    'asks for another',
    webPod('web-1', 'box', true, { affinity: {}, nodeSelector: { 'cpiab.dev/pool': 'x' } }),
    'it does not ask',
  ],
  [
    'is bound to another zone',
    webPod('web-1', 'box', true, { nodeSelector: { zone: 'b' } }),
    'its node selector',
  ],
  ['has a volume there', claiming('here'), null],
  ['has a volume that any node reaches', claiming('anywhere'), null],
  ['has a volume elsewhere', claiming('elsewhere'), 'claim elsewhere is bound'],
  [
    'has files of its node',
    webPod('web-1', 'box', true, { volumes: [{ hostPath: {} }] }),
    'a hostPath volume',
  ],
  ['is bare', ownedBy(null), 'nothing would start it again'],
  ['is static', ownedBy('Node'), 'a static pod'],
  ["is a DaemonSet's", ownedBy('DaemonSet'), 'a DaemonSet'],
  ["is a Job's", ownedBy('Job'), 'a Job'],
])('a pod that %s moves, or stays with the reason', (_, pod, why) => {
  if (why === null) expect(whyStays(pod, target)).toBeNull();
  else expect(whyStays(pod, target)).toContain(why);
});

test('a taint of the pool keeps a pod away unless it tolerates that', () => {
  const tainted = { ...target, places: [{ ...place, taints }] };
  const tolerating = (toleration: object) => webPod('web-1', 'box', true, { tolerations: [toleration] });
  expect(whyStays(webPod('web-1', 'box'), tainted)).toContain('a taint keeps it');
  expect(whyStays(tolerating({ key: 'example.org/slow', effect: 'NoSchedule' }), tainted)).toBeNull();
  expect(whyStays(tolerating({ operator: 'Exists' }), tainted)).toBeNull();
  expect(whyStays(tolerating({ key: 'example.org/slow', value: 'yes' }), tainted)).not.toBeNull();
});
