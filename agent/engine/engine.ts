/** What runs Kubernetes. The rest of the agent doesn't know which one it is. */
export interface Engine {
  /** Images it needs from the bundle, full references. */
  requiredImages(): string[];
  /** Starts the container runtime, with every image of the bundle in it; cleans up what an interrupted first start left. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Starts this box as a server. Returns when the API server may be asked; the rest goes on. */
  startServer(progress: (detail: string) => void, signal: AbortSignal): Promise<StartedServer>;
  /** Starts what needs the API server, which is ready now. */
  startRest(signal: AbortSignal): Promise<void>;
  /** Path of a kubeconfig with all rights. */
  kubeconfig: string;
  /**
   * What a snapshot is worth nothing without: directories and files with the cluster's authorities and keys.
   * They do not change while the cluster lives.
   */
  keys: readonly string[];
  /** Saves the cluster's state to a new file that only root can read; its Secrets are in it. @throws CpiabError E5110. */
  snapshot(file: string, signal: AbortSignal): Promise<Snapshot>;
  /**
   * Makes the cluster's state that of a snapshot, on this one server; others must join anew. Works before
   * the server is started as well as while it runs, and is finished by the next start if it is cut off.
   * @throws CpiabError E5111 for a bad file, nothing changed; E5112 when the server does not stop.
   */
  restore(file: string, signal: AbortSignal): Promise<void>;
}

/** What a snapshot holds. */
export interface Snapshot {
  /** Of the store, when it was taken. */
  revision: number;
  keys: number;
  bytes: number;
}

export interface StartedServer {
  /** True when this boot made the cluster. */
  fresh: boolean;
  /** Settles when nothing is left to start. */
  complete: Promise<void>;
}
