import type { Placed } from '../../contract/assess.ts';

/** Pods of one kind, and what each of them asks for. */
export interface Workload extends Placed {
  /** How many of them; null for one on every machine. */
  instances: number | null;
  /** Whether it runs only where the control plane does. */
  onBox: boolean;
}

export interface ServiceNeed {
  /** As discovery names it, such as `nfs`; null for one that only has a port. */
  service: string | null;
  address: string;
  protocol: 'tcp' | 'udp';
  port: number;
  /** Who asks for it. */
  from: string;
}

/** All that something needs which is to move. */
export interface Needs {
  /** Such as `site lab`. */
  subject: string;
  workloads: readonly Workload[];
  /** Bytes on the machine that takes it, besides what workloads ask for. */
  data: readonly { what: string; bytes: number }[];
  /** What a machine must be to take it; null where its own system is all the same. */
  node: { architecture: string; boxMemoryBytes: number; boxCpus: number } | null;
  /** Networks of its own, which must be nobody else's there. */
  networks: readonly { what: string; network: string }[];
  /** Addresses that it takes. */
  addresses: readonly { what: string; address: string }[];
  /** Machines that must be there, and serve nothing yet. */
  hosts: readonly { what: string; address: string }[];
  services: readonly ServiceNeed[];
  /** Where it wants to go beyond single addresses, which nobody can measure from inside. */
  beyond: readonly string[];
  /** Version of Kubernetes that its objects were kept by; null for none. */
  kubernetes: string | null;
  /** What could not be counted, such as a patch that changes what pods ask for. */
  uncounted: readonly string[];
}
