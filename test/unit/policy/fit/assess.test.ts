import { expect, test } from 'vitest';
import { type FitCheck, type MachineFacts, MachineFactsSchema } from '../../../../contract/assess.ts';
import { InventorySchema } from '../../../../contract/inventory.ts';
import { assess } from '../../../../policy/fit/assess.ts';
import type { Needs } from '../../../../policy/fit/needs.ts';
import { machineOf, type Place, placeOf } from '../../../../policy/fit/place.ts';
import { quantity } from '../../../../policy/fit/quantity.ts';

const GB = 1e9;
const needs: Needs = {
  subject: 'site lab',
  workloads: [
    {
      workload: 'a/large',
      cpuMillis: 500,
      memoryBytes: 3 * GB,
      diskBytes: 10 * GB,
      instances: 1,
      onBox: false,
    },
    { workload: 'a/each', cpuMillis: 100, memoryBytes: GB, diskBytes: 0, instances: null, onBox: false },
    { workload: 'a/box', cpuMillis: 100, memoryBytes: 0, diskBytes: 0, instances: 1, onBox: true },
  ],
  data: [{ what: 'the cargo', bytes: 5 * GB }],
  node: { architecture: 'x86_64', boxMemoryBytes: 3.75 * GB, boxCpus: 2 },
  networks: [{ what: "pods' network", network: '10.42.0.0/16' }],
  addresses: [],
  hosts: [],
  services: [{ service: 'nfs', address: '192.168.1.20', protocol: 'tcp', port: 2049, from: 'volumes' }],
  beyond: [],
  kubernetes: 'v1.36.3',
  uncounted: [],
};

const facts = (name: string, changed: Partial<MachineFacts> = {}) =>
  machineOf(
    MachineFactsSchema.parse({
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'MachineFacts', name, architecture: 'x86_64', kernel: '6.12' },
      ...{ cpus: 4, memoryBytes: 8 * GB, memoryFreeBytes: 6 * GB, diskFreeBytes: 20 * GB },
      ...{ cgroup: 'cgroup2fs', controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'] },
      ...{ kernelHas: ['loop', 'overlay', 'squashfs'], runtimes: [], clock: 'synchronised' },
      ...{ addresses: ['192.168.1.41/24'], networks: ['192.168.1.0/24'], ...changed },
    }),
  );

const time = '2026-11-22T04:20:51Z';
const host = (address: string, services: object[]) => ({
  ...{
    id: `address:${address}`,
    mac: null,
    link: 'eth0',
    addresses: [address],
    names: [],
    evidence: ['arp'],
  },
  ...{ state: 'seen', firstSeen: time, lastSeen: time, services },
});
const nfs = (confidence = 'recognised') => ({
  ...{ name: 'nfs', protocol: 'tcp', port: 2049, source: 'probe', confidence, detail: '' },
});
const inventory = (hosts: object[], more: object = {}) =>
  InventorySchema.parse({
    ...{
      apiVersion: 'cpiab.dev/v1',
      kind: 'Inventory',
      mode: 'active',
      looked: time,
      dropped: 0,
      problem: null,
    },
    links: [{ name: 'eth0', mac: '02:00:00:00:00:01', networks: ['192.168.1.0/24'], note: null }],
    ...{ hosts, proposals: [], events: [], ...more },
  });

const nas = inventory([host('192.168.1.20', [nfs()])]);
const placed = (machines = [facts('one')], seen = nas, kubernetes: string | null = null): Place =>
  placeOf(machines, seen, kubernetes);

/** Result of one check; undefined where there is none. */
const resultOf = (checks: readonly FitCheck[], id: string) => checks.find((check) => check.id === id)?.result;
const judged = (place: Place, changed: Partial<Needs> = {}) => {
  const { checks, ...rest } = assess({ ...needs, ...changed }, place);
  return { ...rest, of: (id: string) => resultOf(checks, id), checks };
};

test('what has room, services and addresses of its own fits', () => {
  const { verdict, checks } = judged(placed());
  expect(checks.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(verdict).toBe('fits');
});

test('a pod runs on every machine, one of the box on the box, and one finds the machine that has room for it', () => {
  const { machines } = judged(placed([facts('one', { memoryFreeBytes: 3.8 * GB }), facts('two')]));
  expect(machines.map(({ runs }) => runs.map(({ workload }) => workload))).toEqual([
    ['a/each', 'a/box'],
    ['a/each', 'a/large'],
    [],
  ]);
});

test('sums that are enough do not help a pod that no machine has room for', () => {
  const small = (name: string) => facts(name, { memoryFreeBytes: 3.9 * GB });
  const { verdict, unplaced, of } = judged(placed([small('one'), small('two'), small('three')]));
  expect([of('capacity/memory'), of('capacity/room'), verdict]).toEqual(['pass', 'fail', 'does-not-fit']);
  expect(unplaced.map(({ workload }) => workload)).toEqual(['a/large']);
});

test('data that comes along takes room on the box', () => {
  const { of } = judged(placed([facts('one', { diskFreeBytes: 14 * GB })]));
  expect([of('capacity/disk'), of('capacity/room')]).toEqual(['fail', 'fail']);
});

test('a machine that can not be a node is a remark, and gives no room', () => {
  const refused = [
    facts('a', { cgroup: 'tmpfs', controllers: [] }),
    facts('b', { controllers: ['cpu', 'cpuset', 'io', 'memory'] }),
    facts('c', { kernelHas: ['loop', 'overlay'] }),
    facts('d', { runtimes: ['containerd 1.7.24'] }),
    facts('e', { architecture: 'aarch64' }),
  ];
  const { machines, checks } = judged(placed([facts('one'), ...refused]));
  expect(machines.slice(1, 6).map(({ refused: why, runs }) => [why, runs.length])).toEqual([
    ['its kernel lacks cgroup v2 alone', 0],
    ['its kernel lacks cgroup controller pids', 0],
    ['its kernel lacks squashfs', 0],
    ['it runs containerd 1.7.24 already', 0],
    ['its processor is aarch64, the bundle is for x86_64', 0],
  ]);
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => resultOf(checks, `machines/${name}`))).toEqual(
    Array(5).fill('remark'),
  );
});

test('the box brings its own system, but not its own processor', () => {
  expect(judged(placed([facts('one', { cgroup: 'tmpfs', runtimes: ['k3s 1.30'] })])).verdict).toBe('fits');
  const foreign = judged(placed([facts('one', { architecture: 'aarch64' })]));
  expect([foreign.of('machines/one'), foreign.verdict]).toEqual(['fail', 'does-not-fit']);
});

test('a network that somebody has there must not be one of the site', () => {
  const routed = judged(placed([facts('one', { networks: ['192.168.1.0/24', '10.42.8.0/22'] })]));
  expect(routed.checks.find(({ id }) => id === 'addresses/network/10.42.0.0/16')).toMatchObject({
    ...{ result: 'fail', found: 'overlaps with 10.42.8.0/22 (one)' },
  });
  const standing = judged(
    placed([facts('one')], inventory([host('192.168.1.20', [nfs()]), host('10.42.3.4', [])])),
  );
  expect(standing.of('addresses/network/10.42.0.0/16')).toBe('fail');
});

test('an address that the site takes must be free, and known to be', () => {
  const at = (address: string) => judged(placed(), { addresses: [{ what: 'Service/x', address }] });
  expect(at('192.168.1.20').of('addresses/free/192.168.1.20')).toBe('fail');
  expect(at('192.168.1.50').of('addresses/free/192.168.1.50')).toBe('pass');
  expect(at('172.16.0.1').of('addresses/free/172.16.0.1')).toBe('unknown');
});

test('of a service counts who recognised it', () => {
  const of = (hosts: object[], more: object = {}) =>
    judged(placed([facts('one')], inventory(hosts, more))).of('services/nfs/192.168.1.20:2049');
  expect(of([host('192.168.1.20', [nfs()])])).toBe('pass');
  expect(of([host('192.168.1.20', [nfs('answered')])])).toBe('remark');
  expect(of([host('192.168.1.20', [{ ...nfs(), name: 'ssh' }])])).toBe('fail');
  expect(of([host('192.168.1.20', [])])).toBe('fail');
  expect(of([])).toBe('fail');
  expect(of([], { mode: 'passive' })).toBe('unknown');
});

test('a UDP service is never said to be missing: nobody asks over UDP', () => {
  const ntp = {
    service: 'ntp',
    address: '192.168.1.20',
    protocol: 'udp',
    port: 123,
    from: 'clocks',
  } as const;
  const { of, verdict } = judged(placed(), { services: [ntp] });
  expect([of('services/ntp/192.168.1.20:123'), verdict]).toEqual(['unknown', 'does-not-fit']);
});

test('what is needed and was not measured does not fit; what is not needed is a remark', () => {
  const nobody = judged(placeOf([], null, null));
  expect(nobody.verdict).toBe('does-not-fit');
  expect(['capacity/cpu', 'capacity/memory', 'capacity/disk'].map(nobody.of)).toEqual(
    Array(3).fill('unknown'),
  );
  expect(judged(placed(), { beyond: ['0.0.0.0/0, tcp port 443'] }).verdict).toBe('fits-with-remarks');
  expect(judged(placed(), { uncounted: ['a patch'] }).verdict).toBe('fits-with-remarks');
});

test('a node whose disk nobody has measured counts for what it has told', () => {
  const node = { ...facts('two'), diskBytes: null, facts: null };
  expect(judged(placed([facts('one', { diskFreeBytes: 16 * GB }), node])).of('capacity/disk')).toBe('pass');
  const short = judged(placed([facts('one', { diskFreeBytes: 14 * GB }), node]));
  expect(['capacity/disk', 'capacity/room'].map(short.of)).toEqual(['unknown', 'unknown']);
});

test('objects go to the same or the next minor version of Kubernetes', () => {
  const to = (version: string) => judged(placed([facts('one')], nas, version)).of('versions/kubernetes');
  expect(['v1.36.3', 'v1.37.0', 'v1.38.0', 'v1.35.9'].map(to)).toEqual(['pass', 'pass', 'fail', 'fail']);
});

test('quantities are as Kubernetes has them', () => {
  expect(['250m', '2', '1.5Gi', '64Mi', '1e3', 1, '10k'].map(quantity)).toEqual([
    ...[0.25, 2, 1.5 * 2 ** 30, 2 ** 26, 1000, 1, 10_000],
  ]);
  expect(['', 'Mi', '1x', '-1', undefined].map(quantity)).toEqual(Array(5).fill(null));
});
