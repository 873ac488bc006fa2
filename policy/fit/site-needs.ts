import type { BoxSite } from '../../contract/site.ts';
import { type KubeObject, kindOf, nameOf, recordsIn } from '../closed/object.ts';
import { containersOf, inner, type Part, podSpecs } from '../rules/pod-specs.ts';
import type { World, Written } from '../world/world.ts';
import type { Needs, ServiceNeed, Workload } from './needs.ts';
import { quantity } from './quantity.ts';

/** What kubeadm's own pods ask for. Source: kubeadm v1.36, cmd/kubeadm/app/phases/{controlplane,etcd,addons/dns}. */
const CONTROL_PLANE: readonly Workload[] = (
  [
    ['kube-apiserver', 250, 0],
    ['kube-controller-manager', 200, 0],
    ['kube-scheduler', 100, 0],
    ['etcd', 100, 100 * 2 ** 20],
    ['coredns', 100, 70 * 2 ** 20],
  ] as const
).map(([name, cpuMillis, memoryBytes]) => ({
  ...{ workload: `kube-system/${name}`, cpuMillis, memoryBytes, diskBytes: 0 },
  ...{ instances: 1, onBox: name !== 'coredns' },
}));

/**
 * The machine that every boot is tested on has 4 GiB, of which Linux tells some less as MemTotal; kubeadm wants two
 * processors for a control plane.
 */
const NODE = { architecture: 'x86_64', boxMemoryBytes: 3_750_000_000, boxCpus: 2 };

/** Ports by which a site's rule of egress says what is there. Source: IANA, Service Name and Port Number Registry. */
const SERVICES: Readonly<Record<string, string>> = {
  ...{ 'tcp/22': 'ssh', 'tcp/53': 'dns', 'tcp/80': 'http', 'tcp/443': 'https', 'tcp/445': 'smb' },
  ...{ 'tcp/2049': 'nfs', 'tcp/5000': 'registry', 'udp/53': 'dns', 'udp/123': 'ntp' },
};

/** Images lie in the bundle, objects in Git: what else a site needs of the place that its box is set up in. */
export function siteNeeds(site: BoxSite, { objects }: World): Needs {
  const whole = objects.filter(({ partial }) => !partial);
  const claims = claimsOf(whole);
  const { podCIDR, serviceCIDR, nodeAddress, egress } = site.network;
  return {
    subject: `site ${site.name}`,
    workloads: [...CONTROL_PLANE, ...whole.flatMap((written) => workloadsOf(written, claims))],
    data: [],
    node: NODE,
    networks: [
      { what: "pods' network", network: podCIDR },
      { what: "services' network", network: serviceCIDR },
      { what: "the box's own address", network: `${nodeAddress}/32` },
    ],
    addresses: whole.flatMap(({ object }) => addressesOf(object)),
    hosts: [],
    services: servicesOf(site, whole),
    beyond: egress
      .filter(({ to }) => !isOne(to))
      .map(({ to, protocol, port }) => `${to}, ${protocol} port ${port}`),
    kubernetes: site.engine.version,
    uncounted: objects.filter(({ partial }) => partial).flatMap(patchesOf),
  };
}

/** Kinds whose pods are done after a while: they find room when others leave it. */
const PASSING = new Set(['batch/Job', 'batch/CronJob']);

function workloadsOf(written: Written, claims: ReadonlyMap<string, number>): Workload[] {
  const { object } = written;
  if (PASSING.has(kindOf(object))) return [];
  const { namespace = 'default', name = '' } = object.metadata ?? {};
  const spec = inner({ object }, 'object', 'spec');
  const instances = kindOf(object) === 'apps/DaemonSet' ? null : Number(spec['replicas'] ?? 1);
  const own = templatesOf(spec).reduce((sum, bytes) => sum + bytes, 0);
  return podSpecs(written)
    .filter((pod) => pod.kind === kindOf(object))
    .map((pod) => ({
      workload: `${namespace}/${name}`,
      ...requestsOf(pod),
      diskBytes: own + claimedBy(pod, namespace, claims),
      instances,
      onBox: inner(pod.content, 'nodeSelector')['node-role.kubernetes.io/control-plane'] !== undefined,
    }));
}

/** The larger of what its containers ask for together and any of those that run before. Source: Kubernetes, "Init Containers". */
function requestsOf(pod: Part): { cpuMillis: number; memoryBytes: number } {
  const asked = (what: string) => {
    const each = containersOf(pod).map(({ content, list }) => {
      const own =
        inner(content, 'resources', 'requests')[what] ?? inner(content, 'resources', 'limits')[what];
      const stays = list === 'containers' || content['restartPolicy'] === 'Always';
      return { amount: quantity(own) ?? 0, stays };
    });
    const together = each.filter(({ stays }) => stays).reduce((sum, { amount }) => sum + amount, 0);
    return Math.max(together, ...each.filter(({ stays }) => !stays).map(({ amount }) => amount));
  };
  return { cpuMillis: Math.round(asked('cpu') * 1000), memoryBytes: Math.round(asked('memory')) };
}

const storageOf = (claim: Record<string, unknown>): number =>
  Math.round(quantity(inner(claim, 'spec', 'resources', 'requests')['storage']) ?? 0);

const templatesOf = (spec: Record<string, unknown>) => recordsIn(spec['volumeClaimTemplates']).map(storageOf);

/** Bytes of each claim that a machine's own disk is to hold, by `namespace/name`. */
function claimsOf(objects: readonly Written[]): Map<string, number> {
  const of = (kind: string) =>
    objects.map(({ object }) => object).filter((object) => kindOf(object) === kind);
  const classes = new Set(of('storage.k8s.io/StorageClass').map(({ metadata }) => metadata?.name));
  const own = of('PersistentVolumeClaim').filter((object) => {
    const { volumeName, storageClassName } = inner({ object }, 'object', 'spec');
    // One of a class that nothing provisions is bound to a volume that is there, such as a NAS's.
    return (
      volumeName === undefined && (storageClassName === undefined || classes.has(String(storageClassName)))
    );
  });
  return new Map(
    own.map((claim) => [
      `${claim.metadata?.namespace ?? 'default'}/${claim.metadata?.name ?? ''}`,
      storageOf(claim),
    ]),
  );
}

function claimedBy(pod: Part, namespace: string, claims: ReadonlyMap<string, number>): number {
  return recordsIn(pod.content['volumes'])
    .map(
      (volume) =>
        claims.get(`${namespace}/${String(inner(volume, 'persistentVolumeClaim')['claimName'])}`) ?? 0,
    )
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Addresses that a Service takes where the box stands. */
function addressesOf(object: KubeObject): Needs['addresses'] {
  if (kindOf(object) !== 'Service') return [];
  const { loadBalancerIP, externalIPs } = inner({ object }, 'object', 'spec');
  const told = [loadBalancerIP, ...(Array.isArray(externalIPs) ? externalIPs : [])];
  return told
    .filter((address) => typeof address === 'string')
    .map((address) => ({ what: nameOf(object), address }));
}

const isOne = (to: string) => !to.includes('/') || to.endsWith('/32');

function servicesOf({ network }: BoxSite, objects: readonly Written[]): ServiceNeed[] {
  const servers = objects
    .map(({ object }) => inner({ object }, 'object', 'spec', 'nfs')['server'])
    .filter((server) => typeof server === 'string');
  const found: ServiceNeed[] = [
    ...servers.map((address) => need('nfs', address, 'tcp', 2049, 'volumes')),
    ...network.nameservers.map((address) => need('dns', address, 'tcp', 53, 'names outside')),
    ...network.egress
      .filter(({ to }) => isOne(to))
      .map(({ to, protocol, port }) =>
        need(
          SERVICES[`${protocol}/${port}`] ?? null,
          to.replace('/32', ''),
          protocol,
          port,
          'network.egress',
        ),
      ),
  ];
  // An NFS server is in volumes and in the rule that opens the way to it.
  return [
    ...new Map(found.toReversed().map((one) => [`${one.protocol}/${one.address}:${one.port}`, one])).values(),
  ].toReversed();
}

const need = (
  service: string | null,
  address: string,
  protocol: 'tcp' | 'udp',
  port: number,
  from: string,
): ServiceNeed => ({ service, address, protocol, port, from });

/** Patches are not applied here: one that changes how much is asked for makes the sums wrong. */
function patchesOf(written: Written): string[] {
  const { object, file } = written;
  const replicas = inner({ object }, 'object', 'spec')['replicas'] !== undefined;
  const resources = podSpecs(written)
    .flatMap(containersOf)
    .some(({ content }) => content['resources'] !== undefined);
  return replicas || resources ? [`${file}, a patch of what ${nameOf(object)} asks for`] : [];
}
