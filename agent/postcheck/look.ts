import type { Manifest } from '../../contract/manifest.ts';
import type { Board } from '../board.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Commit, GitRepository } from '../serve/git/repository.ts';
import type { FluxProbe } from './flux-probe.ts';
import type { Outcome } from './outcome.ts';

/** What the checks of one run look at. */
export interface Look {
  board: Board;
  kube: KubeClient;
  git: GitRepository;
  /** Newest commit when the run began. */
  head: Commit;
  manifest: Manifest;
  /** There when it resolves: `scratchNamespace`, empty. */
  scratch: () => Promise<void>;
  /** A source of its own for Flux, which three checks share. */
  probe: FluxProbe;
  /** Ends a check that takes too long. */
  signal: AbortSignal;
}

/** One check. What it throws makes its result unknown. */
export type Check = (look: Look) => Promise<Outcome>;
