import { converge } from './converge/converge.ts';
import { startEngine, startRuntime } from './engine/start.ts';
import { applyFlux } from './flux/flux.ts';
import { serve, startServices } from './serve/serve.ts';
import type { Step } from './step.ts';
import { verify } from './verify/verify.ts';

/** The boot, in order. Nothing of the bundle is used before its part is verified, nothing of Kubernetes before all is. */
export const sequence: readonly Step[] = [
  { name: 'verify', does: 'check the medium', run: verify },
  { name: 'serve', does: 'serve Git, images and artifacts', early: startServices, run: serve },
  { name: 'engine', does: 'start Kubernetes', early: startRuntime, run: startEngine },
  { name: 'flux', does: 'hand the cluster to Flux', run: applyFlux },
  { name: 'converge', does: 'wait until all of Git is applied', run: converge },
];
