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
}

export interface StartedServer {
  /** True when this boot made the cluster. */
  fresh: boolean;
  /** Settles when nothing is left to start. */
  complete: Promise<void>;
}
