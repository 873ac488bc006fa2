import type { Check } from './check.ts';
import { cacheCheck, diskCheck, keysCheck } from './files.ts';
import { isolationCheck, memoryCheck, nodeCheck, virtualisationCheck } from './machine.ts';
import { packageChecks } from './packages.ts';
import { proxyCheck } from './proxy.ts';

/** All checks, in the order they are shown. */
export async function checks(): Promise<Check[]> {
  return [
    nodeCheck,
    ...(await packageChecks()),
    isolationCheck,
    virtualisationCheck,
    memoryCheck,
    cacheCheck,
    diskCheck,
    keysCheck,
    proxyCheck,
  ];
}
