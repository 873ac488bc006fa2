import type { KubeObject } from './object.ts';

/** An object that Flux or the agent would apply, and how one gets there from the root. */
export interface Reached {
  object: KubeObject;
  /** The file it is written in, or the kustomization file that generates it; below the tree. */
  file: string;
  /** Such as `cluster/kubernetes/flux/lab`, `Kustomization/flux-system/syncthing`, …, the object last. */
  way: string[];
}
