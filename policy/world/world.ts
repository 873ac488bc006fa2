import type { Reached } from '../closed/reached.ts';
import type { Source } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';

/** An object as it is written, before kustomize changes it. */
export interface Written extends Reached {
  source: Source;
  /** A patch: it has only what it changes. */
  partial: boolean;
}

/** A Flux Kustomization that Git has. */
export interface FluxKustomization {
  name: string;
  written: Written;
}

/** All that Git can reach from what the box applies by itself. */
export interface World {
  objects: Written[];
  /** Folders that Flux applies, normalised. */
  folders: Set<string>;
  /** Files that are used by them. */
  files: Set<string>;
  kustomizations: FluxKustomization[];
  findings: Finding[];
}
