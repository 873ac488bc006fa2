import type { EnrolledNode } from '../../contract/enroll.ts';
import type { Eviction, Expansion } from '../../contract/expand.ts';
import type { ClusterView } from './cluster.ts';
import type { Volumes } from './pods.ts';

/** As much of a machine as an expansion looks at. */
export type AskingMachine = Pick<
  EnrolledNode,
  'id' | 'name' | 'key' | 'request' | 'state' | 'cluster' | 'reason'
>;

export type RunPool = Expansion['pools'][number];
export type RunMachine = RunPool['machines'][number];
export type Halt = NonNullable<Expansion['halt']>;

/** Something that has to come about within its pool's time. */
export interface Wait extends Halt {
  /** The same as long as the same is waited for. */
  key: string;
  limitSeconds: number;
}

/** What box and cluster say now. */
export interface RunFacts {
  /** Of what enrolment has, as much as counts here. */
  machines: readonly AskingMachine[];
  nodes: ClusterView['nodes'];
  pods: ClusterView['pods'];
  volumes: Volumes;
  /** Why pods could not be evicted when that was tried last, by their UID. */
  refused: ReadonlyMap<string, string>;
}

/** What is to be done next. */
export interface Step {
  approve: readonly AskingMachine[];
  /** Pods to be told to go. */
  evict: readonly Eviction[];
  /** Pods whose successors are ready in the pool. */
  settled: readonly Eviction[];
  waits: readonly Wait[];
  halt: Halt | null;
}

export const nothing: Step = { approve: [], evict: [], settled: [], waits: [], halt: null };
