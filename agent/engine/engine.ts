import type { Engine as EngineConfig } from '../../contract/engine.ts';
import type { JoinMaterial, NodeRole } from '../../contract/join-material.ts';

/** What runs Kubernetes. The rest of the agent doesn't know which one it is. Everything may be called again after a cut. */
export interface Engine {
  kind: EngineConfig['kind'];
  /** Path of a kubeconfig with all rights, on a server. */
  kubeconfig: string;
  /**
   * What a snapshot is worth nothing without: directories and files with the cluster's authorities, keys and
   * settings. With these and a restored snapshot, a start goes on as after a reboot.
   */
  keys: readonly string[];

  /** Images it needs from the bundle, full references. */
  requiredImages(): string[];
  /** Starts the container runtime, with every image of the bundle in it; cleans up what an interrupted first start left. */
  prepare(signal: AbortSignal, mark: (what: string) => void): Promise<void>;
  /** Starts this node as the first server. Returns when the API server may be asked; the rest goes on. */
  startServer(progress: Progress, signal: AbortSignal): Promise<StartedServer>;
  /** Whether this node belongs to a cluster. */
  isMember(): boolean;
  /** Makes this node one of a cluster that runs: one more server, where that is highly available, or an agent. */
  join(material: JoinMaterial, progress: Progress, signal: AbortSignal): Promise<void>;
  /** Starts a node that has joined. Returns when the cluster says that it is ready. @param servers addresses of all. */
  startJoined(servers: readonly string[], progress: Progress, signal: AbortSignal): Promise<void>;
  /** Leads a node that has joined, and runs, to the servers that there are by now. */
  followServers(servers: readonly string[], signal: AbortSignal): Promise<void>;
  /** Starts what needs the API server, which is ready now. */
  startRest(signal: AbortSignal): Promise<void>;

  /** On a server: makes what one node joins with, once, within a time. */
  mintJoinToken(node: JoiningNode, ttlMs: number, signal: AbortSignal): Promise<JoinMaterial>;
  /** On a server: what a node was given to join with is worth nothing any more. */
  endJoin(node: string, signal: AbortSignal): Promise<void>;
  /** On a server: takes a node out for good, as far as the cluster goes: member, Node and tokens. It may be gone already. */
  revoke(node: string, signal: AbortSignal): Promise<void>;
  /**
   * On a server: moves the pods off a node, and keeps others from it. @returns what was moved.
   * @throws CpiabError E5510 when some are left after the time.
   */
  drain(node: string, limitMs: number, signal: AbortSignal): Promise<string[]>;
  /** Ends everything of the cluster on this node, and forgets it. */
  reset(signal: AbortSignal): Promise<void>;

  /** Saves the cluster's state to a new file that only root can read; its Secrets are in it. @throws CpiabError E5110. */
  snapshot(file: string, signal: AbortSignal): Promise<Snapshot>;
  /** Looks whether a file is a snapshot. @throws CpiabError E5111 when it is none. */
  checkSnapshot(file: string, signal: AbortSignal): Promise<void>;
  /**
   * Makes the cluster's state that of a snapshot, on this one server; others must join anew. Works before
   * the server is started as well as while it runs, and is finished by the next start if it is cut off.
   * @throws CpiabError E5111 for a bad file, nothing changed; E5112 when the server does not stop.
   */
  restore(file: string, signal: AbortSignal): Promise<void>;
}

/** Which node of the cluster this is. */
export interface Self {
  /** Its name in the cluster. */
  name: string;
  role: NodeRole;
  /** Where the others find it. It stays: etcd knows its members by it. */
  address: string;
  /** Whether another one made the cluster. */
  joins: boolean;
  /** Whether the cluster is made for more servers than one. */
  highlyAvailable: boolean;
}

export interface JoiningNode {
  name: string;
  role: NodeRole;
}

/** Tells what a step is at. */
export type Progress = (detail: string) => void;

/** Made or joined by this start; as it was; as it was with a control plane of this version instead of another's. */
export type ClusterFound = 'new' | 'same' | 'rewritten';

export interface StartedServer {
  cluster: ClusterFound;
  /** Settles when nothing is left to start. */
  complete: Promise<void>;
}

/** What a snapshot holds. */
export interface Snapshot {
  /** Of the store, when it was taken; null where the engine does not tell. */
  revision: number | null;
  /** How many, or null. */
  keys: number | null;
  bytes: number;
}
