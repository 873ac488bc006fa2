import type { Enrolling } from '../../../agent/expand/expander.ts';
import type { Pod } from '../../../agent/expand/pods.ts';
import { type KubeClient, KubeError } from '../../../agent/kube/client.ts';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import { sha } from './cast.ts';

const nodeObject = (name: string) => ({
  metadata: {
    ...{ name, resourceVersion: '1' },
    labels: { 'kubernetes.io/hostname': name } as Record<string, string>,
  },
  spec: {},
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { kubeletVersion: 'v1.36.3' },
  },
});

/**
 * What an expansion sees of a box and its cluster, with a clock of its own: machines that join some ticks after their
 * approval, a ReplicaSet whose pods go where they are wanted. It notes what must never be.
 */
export class World {
  readonly machines: EnrolledNode[] = [];
  readonly pods: Pod[] = [];
  readonly nodes = [nodeObject('box')];
  /** At most of each, ever. */
  readonly most = { joining: 0, unready: 0 };
  readonly approvals: string[] = [];
  readonly evictions: string[] = [];
  /** Pods that disruption budgets keep, by name, with the API's status; names of machines that never come up, and whether successors get ready. */
  readonly kept = new Map<string, number>();
  readonly stuck = new Set<string>();
  healthy = true;
  /** Where the scheduler puts successors. */
  goesTo = 'worker-1';
  readonly #wanted: number;
  #made = 0;

  constructor(wanted: number) {
    this.#wanted = wanted;
    while (this.pods.length < wanted) this.#make('box', true);
  }

  ask(name: string, more: Partial<EnrolledNode> = {}): void {
    const key = sha(name);
    this.machines.push({
      ...{ id: `id-${name}`, name, role: 'agent', state: 'pending', cluster: 'none', key, request: sha(key) },
      ...{ address: '10.0.0.9', invited: true, requested: '', expires: '2026-01-01T01:00:00Z', reason: '' },
      ...{ certificates: [], witnessed: null, inventory: null },
      ...more,
    });
  }

  readonly enrollment: Enrolling = {
    list: () => ({ nodes: this.machines }),
    approve: async ({ id }) => {
      const machine = this.machines.find((one) => one.id === id);
      if (machine?.state !== 'pending') throw new Error(`${id} does not wait`);
      machine.state = 'approved';
      this.approvals.push(machine.name);
      this.#look();
    },
  };

  /** As much of the API as an expansion asks. */
  readonly kube = {
    get: async (path: string) => {
      if (path === '/api/v1/nodes') return { items: structuredClone(this.nodes) };
      if (path.startsWith('/api/v1/namespaces/web/pods?')) return { items: structuredClone(this.pods) };
      throw new Error(`nobody asks ${path}`);
    },
    post: async (path: string, { deleteOptions }: { deleteOptions: { preconditions: { uid: string } } }) => {
      const { uid } = deleteOptions.preconditions;
      const pod = this.pods.find(({ metadata }) => metadata.uid === uid);
      if (pod === undefined) throw new KubeError(404, path, 'not found');
      const status = this.kept.get(pod.metadata.name);
      if (status !== undefined) throw new KubeError(status, path, "the pod's disruption budget");
      if (pod.metadata.deletionTimestamp === undefined) this.evictions.push(pod.metadata.name);
      pod.metadata.deletionTimestamp = 'now';
      this.#replace();
      this.#look();
    },
  } as unknown as KubeClient;

  /** A Node that has the label of its pool. */
  node(name: string): void {
    const node = nodeObject(name);
    node.metadata.labels['cpiab.dev/pool'] = 'workers';
    this.nodes.push(node);
  }

  /** A little later. */
  tick(): void {
    for (const { metadata } of this.nodes.slice(1)) metadata.labels['cpiab.dev/pool'] = 'workers';
    for (const machine of this.machines)
      if (machine.cluster === 'joining' && !this.stuck.has(machine.name)) this.#ready(machine);
      else if (machine.state === 'approved') Object.assign(machine, { state: 'joined', cluster: 'joining' });
    const gone = this.pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    for (const pod of gone) this.pods.splice(this.pods.indexOf(pod), 1);
    if (!this.healthy) return;
    for (const { status } of this.pods) status.conditions = [{ type: 'Ready', status: 'True' }];
  }

  podsOn(node: string): string[] {
    return this.pods.filter(({ spec }) => spec.nodeName === node).map(({ metadata }) => metadata.name);
  }

  /** The box gives a Node its labels a little after it is Ready. */
  #ready(machine: EnrolledNode): void {
    machine.cluster = 'ready';
    this.nodes.push(nodeObject(machine.name));
  }

  #replace(): void {
    const staying = this.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (let count = staying.length; count < this.#wanted; count++) this.#make(this.goesTo, false);
  }

  #make(node: string, ready: boolean): void {
    this.#made++;
    this.pods.push(webPod(`web-${this.#made}`, node, ready));
  }

  #look(): void {
    const joining = this.machines.filter(
      ({ state, cluster }) => (state === 'approved' || state === 'joined') && cluster !== 'ready',
    );
    const ready = this.pods.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined && status.conditions?.[0]?.status === 'True',
    );
    this.most.joining = Math.max(this.most.joining, joining.length);
    this.most.unready = Math.max(this.most.unready, this.#wanted - ready.length);
  }
}

/** A pod of a ReplicaSet that would like to be in pool `workers`. */
export function webPod(name: string, node: string, ready = true, more: Partial<Pod['spec']> = {}): Pod {
  const matchExpressions = [{ key: 'cpiab.dev/pool', operator: 'In' as const, values: ['workers'] }];
  const preferred = [{ weight: 100, preference: { matchExpressions } }];
  return {
    metadata: {
      ...{ name, namespace: 'web', uid: `uid-${name}` },
      ownerReferences: [{ kind: 'ReplicaSet', uid: 'set', controller: true }],
    },
    spec: {
      nodeName: node,
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
      ...more,
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
