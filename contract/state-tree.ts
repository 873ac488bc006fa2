import type { BackupMember } from './backup.ts';

/** One name directly below `/var/lib/cpiab`. */
export interface StateEntry {
  name: string;
  holds: string;
  /** Whether who reads it can do what the box or the cluster can. */
  secret: boolean;
  /** The member of a backup that has it; null for what is made anew or belongs to the machine. */
  backup: BackupMember | null;
}

/** All state of a box. What is not here is not state: it comes from the medium, or is gone with a reboot. */
export const stateTree: readonly StateEntry[] = [
  {
    name: 'age.key',
    holds: 'the keys that decrypt the Secrets in Git, where an operator handed them over',
    secret: true,
    backup: 'box.tar',
  },
  {
    name: 'artifacts',
    holds: 'what Flux fetches, made from Git; its digests are checked',
    secret: false,
    backup: null,
  },
  { name: 'audit', holds: 'what was done to the box, by whom', secret: false, backup: 'box.tar' },
  { name: 'backups', holds: 'encrypted backups and their records', secret: false, backup: null },
  { name: 'box-id', holds: 'the identifier that the box gave itself', secret: false, backup: 'box.tar' },
  {
    name: 'cargo',
    holds: 'what is brought of a cargo, in plain text until it is landed, and which was landed last',
    secret: true,
    backup: null,
  },
  { name: 'clock', holds: 'the newest time that the box knew', secret: false, backup: null },
  { name: 'cni', holds: "results of the pods' network, of this boot", secret: false, backup: null },
  {
    name: 'containerd',
    holds: 'containers and their file systems; images lie on the medium',
    secret: true,
    backup: null,
  },
  {
    name: 'engine-adopted',
    holds: 'at a landing: that the objects of the cluster are not its own',
    secret: false,
    backup: null,
  },
  {
    name: 'engine-initialised',
    holds: 'when the cluster was made: a start goes on with it',
    secret: false,
    backup: 'box.tar',
  },
  {
    name: 'engine-snapshot',
    holds: 'at a restore: what etcd begins with',
    secret: true,
    backup: 'etcd.snapshot',
  },
  { name: 'enroll', holds: 'invitations, hashed, and nodes', secret: false, backup: 'box.tar' },
  { name: 'etcd', holds: "the cluster's objects, Secrets among them", secret: true, backup: 'etcd.snapshot' },
  {
    name: 'expansion.json',
    holds: 'the expansion of pools that was approved last, and how far it is',
    secret: false,
    backup: null,
  },
  { name: 'git', holds: 'the canonical repository', secret: false, backup: 'git.bundle' },
  {
    name: 'hostname',
    holds: "the name of the cluster's node, where a seed gave it one",
    secret: false,
    backup: 'box.tar',
  },
  { name: 'inventory', holds: 'what was found around the box', secret: false, backup: null },
  {
    name: 'kubelet',
    holds: 'settings and certificates of the node; what pods have mounted',
    secret: true,
    backup: 'engine.tar',
  },
  {
    name: 'kubernetes',
    holds: "the cluster's authorities, keys and kubeconfigs",
    secret: true,
    backup: 'engine.tar',
  },
  {
    name: 'node',
    holds: 'of a node: its key, its certificate and which cluster it joined',
    secret: true,
    backup: null,
  },
  {
    name: 'pki',
    holds: 'authorities whose certificates nodes, workloads and routes have',
    secret: true,
    backup: 'box.tar',
  },
  {
    name: 'postcheck',
    holds: "the latest post-check; during one, a snapshot of the cluster's state",
    secret: true,
    backup: null,
  },
  { name: 'reserve', holds: 'nothing: room for a disk that is full', secret: false, backup: null },
  {
    name: 'restore',
    holds: 'a restore that is whole, and put in place by the next start',
    secret: true,
    backup: null,
  },
  { name: 'restore.new', holds: 'a restore that is not whole yet', secret: true, backup: null },
  {
    name: 'rotations',
    holds: "rotations of the site's key that bundles brought",
    secret: false,
    backup: null,
  },
  {
    name: 'seed.yaml',
    holds: 'the seed that this machine was given last; of a node with its invitation',
    secret: true,
    backup: null,
  },
  {
    name: 'sequence',
    holds: 'the highest bundle sequence that this machine has run',
    secret: false,
    backup: null,
  },
  {
    name: 'stages.json',
    holds: 'which stages of the site are complete, and who signed that',
    secret: false,
    backup: 'box.tar',
  },
  {
    name: 'tls',
    holds: 'keys of the API and of the audit log: what the fingerprint names',
    secret: true,
    backup: 'box.tar',
  },
  { name: 'updates', holds: 'where the last change of version stands', secret: false, backup: null },
  { name: 'volumes', holds: "the claims' content", secret: true, backup: 'volumes.tar' },
];
