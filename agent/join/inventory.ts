import { readFile } from 'node:fs/promises';
import { arch, cpus, networkInterfaces, release, totalmem, type } from 'node:os';
import type { NodeInventory } from '../../contract/enroll.ts';

/** What this machine tells about itself, for whoever decides about it. */
export async function ownInventory(): Promise<NodeInventory> {
  const interfaces = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal);
  const unique = (values: string[]) => [...new Set(values)].toSorted().slice(0, 64);
  const machineId = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return {
    machineId: machineId.trim() === '' ? null : machineId.trim(),
    macs: unique(interfaces.map(({ mac }) => mac)),
    addresses: unique(interfaces.map(({ address }) => address)),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    architecture: arch(),
  };
}
